import { type DeadLetterFilter, type DeadLetterScope, listDeadLetters } from '../../inspect/index.js';
import { counted } from '../../internal.js';
import { UsageError } from '../exit-code.js';
import { confirmed, type Questioner } from '../terminal/confirmation.js';
import { whileShowing } from '../terminal/progress-line.js';
import { type FilterFlags, filterOf, isUnfiltered } from './dead-flags.js';
import { READING } from './letter-progress.js';

/** Flags of commands that change queues. */
export interface ChangeFlags extends FilterFlags {
  all?: boolean;
  yes?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

/**
 * Returns the filter of a command that changes queues, after the user has confirmed it; undefined where the user has not. A
 * filter that was confirmed names the ids that the user gave, or those of the dead letters that were counted.
 * @throws UsageError for flags that choose nothing, or everything in two ways, and where there is no terminal to ask on
 */
export async function chosenLetters(
  verb: string,
  ids: readonly string[],
  flags: ChangeFlags,
  scope: DeadLetterScope,
  command: Questioner,
): Promise<DeadLetterFilter | undefined> {
  const isAll = isUnfiltered(flags, ids);
  if (isAll && !flags.all)
    throw new UsageError('no dead letters chosen: give ids, a filter such as --reason, or --all');
  if (!isAll && flags.all) throw new UsageError('--all excludes ids and filters');
  const filter = filterOf(flags, ids);
  if (flags.yes || flags.dryRun) return filter;
  const { queues } = await whileShowing(command.errors, READING, () => listDeadLetters({ ...scope, filter }));
  const letters = queues.flatMap(({ letters: read }) => read);
  const names = queues.filter(({ letters: read }) => read.length > 0).map(({ queue }) => queue);
  // Chooses nothing that arrives meanwhile, and tells an unknown group.
  if (letters.length === 0) return ids.length > 0 ? filter : { ids: [], group: flags.group };
  const count = counted(letters.length, 'dead letter');
  const without = 'no terminal to confirm on: give --yes, or --dry-run';
  if (!(await confirmed(`${verb} ${count} of ${names.join(', ')}?`, without, command))) return undefined;
  return ids.length > 0 ? filter : { ids: letters.map(({ id }) => id) };
}
