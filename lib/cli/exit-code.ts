import { CommanderError } from 'commander';
import {
  MessageDeliveryFailure,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  oneLine,
  RemoteError,
  toError,
} from '../internal.js';

/** What the command tells a script. */
export const EXIT = { ok: 0, failed: 1, usage: 2, timeout: 3, unreachable: 4 } as const;

/** The command line is not as it must be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Whoever calls a server that answers with an error asked rightly; most other errors are the caller's to mend. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof MessagingTimeout) return EXIT.timeout;
  if (error instanceof MessageUndeliverable || error instanceof MessageDeliveryFailure) return EXIT.unreachable;
  if (error instanceof RemoteError) return EXIT.failed;
  return error instanceof UsageError || error instanceof MessagingException ? EXIT.usage : EXIT.failed;
}

/** An error as one line, beginning with its name. */
export function describeError(thrown: unknown): string {
  const { name, message } = toError(thrown);
  return oneLine(`${name}: ${message}`, 4000);
}
