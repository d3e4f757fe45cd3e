import {
  ManagementFailure,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  oneLine,
  RemoteError,
  ServerOverloaded,
  toError,
} from '../internal.js';

/** Exit codes of the command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, timeout: 3, unreachable: 4 } as const;

/** Error in the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Returns the exit code for an error. A remote error is no error of usage; most others are. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof MessagingTimeout) return EXIT.timeout;
  if (error instanceof MessageUndeliverable || error instanceof MessageDeliveryFailure) return EXIT.unreachable;
  if (error instanceof ManagementFailure) return error.isTimeout ? EXIT.timeout : EXIT.unreachable;
  if (error instanceof RemoteError || error instanceof ServerOverloaded) return EXIT.failed;
  return error instanceof UsageError || error instanceof MessagingException ? EXIT.usage : EXIT.failed;
}

/** Error of a command as JSON. */
export interface ErrorDocument {
  readonly error: {
    /** Name of its class. */
    readonly name: string;
    readonly message: string;
    /** Stable code of an error of the library. */
    readonly code?: string;
    /** Class, value and traceback of a server's error. */
    readonly excType?: string;
    readonly value?: string;
    readonly traceback?: readonly string[];
  };
  readonly exitCode: number;
}

/** Returns an error as the document that a command with `--json` prints. */
export function errorDocument(thrown: unknown): ErrorDocument {
  const error = toError(thrown);
  const { name, message } = error;
  const code = error instanceof MessagingException ? { code: error.code } : {};
  return { error: { name, message, ...code, ...remoteParts(error) }, exitCode: exitCodeOf(thrown) };
}

function remoteParts(error: Error): Partial<ErrorDocument['error']> {
  if (!(error instanceof RemoteError)) return {};
  const { excType, value, traceback } = error;
  return { excType, value, traceback };
}

/** Returns an error as one line, beginning with its name. */
export function describeError(thrown: unknown): string {
  const error = toError(thrown);
  const { name } = error;
  // Its name is in front already.
  const message = error instanceof RemoteError ? error.message.replace(/^Remote error: /, '') : error.message;
  return oneLine(`${name}: ${message}`, 4000);
}
