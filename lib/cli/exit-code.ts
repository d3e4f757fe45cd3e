import { CommanderError } from 'commander';
import {
  ManagementFailure,
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  oneLine,
  RemoteError,
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
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof MessagingTimeout) return EXIT.timeout;
  if (error instanceof MessageUndeliverable || error instanceof MessageDeliveryFailure) return EXIT.unreachable;
  if (error instanceof ManagementFailure) return error.isTimeout ? EXIT.timeout : EXIT.unreachable;
  if (error instanceof RemoteError) return EXIT.failed;
  return error instanceof UsageError || error instanceof MessagingException ? EXIT.usage : EXIT.failed;
}

/** Returns an error as one line, beginning with its name. */
export function describeError(thrown: unknown): string {
  const error = toError(thrown);
  const { name } = error;
  // Its name is in front already.
  const message = error instanceof RemoteError ? error.message.replace(/^Remote error: /, '') : error.message;
  return oneLine(`${name}: ${message}`, 4000);
}
