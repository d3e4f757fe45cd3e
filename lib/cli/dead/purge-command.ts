import type { Command } from 'commander';
import { purgeDeadLetters } from '../../inspect/index.js';
import type { CommandProcess } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import { toJsonLine } from '../terminal/json-line.js';
import { type ChangeFlags, chosenLetters } from './chosen-letters.js';
import { type ScopeFlags, scopeOf, takesFilter, takesScope } from './dead-flags.js';
import { FINISH_MS } from './finish.js';
import { adviseForce } from './force-advice.js';
import { LetterProgress } from './letter-progress.js';
import { reportUnknown } from './unknown.js';
import { warn } from './warn.js';

interface PurgeFlags extends ScopeFlags, ChangeFlags {}

/** Adds `purge`. */
export function addPurgeCommand(dead: Command, command: CommandProcess): void {
  takesFilter(takesScope(dead.command('purge')))
    .summary('delete dead letters')
    .description(
      'Deletes dead letters. Only messages that were read and chosen are deleted: one that arrives meanwhile stays.',
    )
    .argument('[ids...]', 'ids of dead letters')
    .option('--all', 'delete all dead letters of the queues')
    .option('--dry-run', 'only count them')
    .option('--force', 'also messages that nobody has dead-lettered, of a queue not named *.dead')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  oslo-rpc dead purge --topic calculator --older-than 720h --dry-run')
    .action((ids: string[], flags: PurgeFlags) => purge(ids, flags, command));
}

async function purge(ids: string[], flags: PurgeFlags, command: CommandProcess): Promise<void> {
  const signal = command.interruption.handled(FINISH_MS);
  const scope = scopeOf(flags, command);
  const filter = await chosenLetters('Delete', ids, flags, scope, command);
  if (filter === undefined) {
    command.note('Nothing was deleted');
    // The exit code of a signal stays.
    if (!signal.aborted) command.exitCode = EXIT.failed;
    return;
  }
  const display = new LetterProgress('Deleted', command.errors);
  const { dryRun, force } = flags;
  const onProgress = display.show;
  const result = await adviseForce(
    purgeDeadLetters({ ...scope, filter, dryRun, force, onProgress }).finally(() => display.clear()),
  );
  const { matched, purged, left, interrupted, error, notices } = result;
  reportUnknown(ids, result, command);
  const end = interrupted ? ' (interrupted)' : '';
  const text = dryRun ? `Would delete ${matched}\n` : `Deleted ${purged}; ${left} left${end}\n`;
  command.print(flags.json ? toJsonLine(result) : text);
  warn(command, notices);
  if (error !== null) {
    command.note(error);
    if (!signal.aborted) command.exitCode = EXIT.failed;
  }
}
