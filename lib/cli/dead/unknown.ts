import {
  type DeadLetterListing,
  type PurgeResult,
  type ReplayResult,
  unknownGroupText,
  unknownIdText,
} from '../../inspect/index.js';
import { ConfigurationError } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import { warn } from './warn.js';

/** Result of a command that changes queues. */
type Change = Pick<
  PurgeResult | ReplayResult,
  'error' | 'interrupted' | 'matched' | 'notices' | 'unknownGroup' | 'unknownIds'
>;

/**
 * Reports the ids and the group on the command line that no dead letter has: they are mistyped, or somebody else was faster.
 * Some ids among others make the command fail.
 * @throws ConfigurationError for the group, and where none of the ids is known
 */
export function reportUnknown(ids: readonly string[], change: Change, command: CommandProcess): void {
  const { error, interrupted, matched, notices, unknownGroup, unknownIds } = change;
  // Queues that were not read to the end may have them.
  if (error !== null || interrupted) return;
  const texts = unknownIds.map(unknownIdText);
  const areSomeKnown = matched > 0 || unknownIds.length < new Set(ids).size;
  if (unknownIds.length > 0 && areSomeKnown) {
    warn(command, texts);
    command.exitCode = EXIT.failed;
  }
  const reasons = areSomeKnown ? [] : texts;
  if (unknownGroup) reasons.push(unknownGroupText(unknownGroup));
  if (reasons.length === 0) return;
  warn(command, notices);
  throw new ConfigurationError(reasons.join('; '));
}

/** @throws ConfigurationError for the group on the command line, where no dead letter belongs to it */
export function assertGroup({ queues, unread, unknownGroup }: DeadLetterListing, command: CommandProcess): void {
  // Queues that were not read to the end may have it.
  if (!unknownGroup || unread.length > 0 || command.interruption.signal.aborted) return;
  warn(
    command,
    queues.flatMap(({ notices }) => notices),
  );
  const isPart = queues.some(({ read, total }) => read < total);
  const hint = isPart ? '. Not all messages were read: raise the limit for more' : '';
  throw new ConfigurationError(`${unknownGroupText(unknownGroup)}${hint}`);
}
