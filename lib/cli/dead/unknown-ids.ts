import { type PurgeResult, type ReplayResult, unknownIdText } from '../../inspect/index.js';
import { ConfigurationError } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import { warn } from './look-commands.js';

/** Result of a command that changes queues. */
type Change = Pick<PurgeResult | ReplayResult, 'error' | 'interrupted' | 'matched' | 'notices' | 'unknownIds'>;

/**
 * Reports the ids on the command line that no dead letter has: they are mistyped, or somebody else was faster. Some among
 * others make the command fail.
 * @throws ConfigurationError where none of the ids is known
 */
export function reportUnknownIds(ids: readonly string[], change: Change, command: CommandProcess): void {
  const { error, interrupted, matched, notices, unknownIds } = change;
  // Queues that were not read to the end may have them.
  if (unknownIds.length === 0 || error !== null || interrupted) return;
  const texts = unknownIds.map(unknownIdText);
  if (matched > 0 || unknownIds.length < new Set(ids).size) {
    warn(command, texts);
    command.exitCode = EXIT.failed;
    return;
  }
  warn(command, notices);
  throw new ConfigurationError(texts.join('; '));
}
