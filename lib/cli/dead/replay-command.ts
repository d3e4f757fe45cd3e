import type { Command } from 'commander';
import { type ReplayResult, replayDeadLetters } from '../../inspect/index.js';
import { oneLine } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import { rateOf } from '../flags/flag-values.js';
import { toJsonLine } from '../terminal/json-line.js';
import { type ChangeFlags, chosenLetters } from './chosen-letters.js';
import { durationOf, type ScopeFlags, scopeOf, takesFilter, takesScope } from './dead-flags.js';
import { FINISH_MS } from './finish.js';
import { adviseForce } from './force-advice.js';
import { LetterProgress } from './letter-progress.js';
import { reportUnknown } from './unknown.js';
import { warn } from './warn.js';

interface ReplayFlags extends ScopeFlags, ChangeFlags {
  rate?: number;
  to?: string;
  watch: string;
}

/** Maximum number of failures that are printed. */
const MAX_FAILURES = 10;

/** Adds `replay`. */
export function addReplayCommand(dead: Command, command: CommandProcess): void {
  takesFilter(takesScope(dead.command('replay')))
    .summary('publish dead letters to their original queues')
    .description(
      'Publishes dead letters to their original queues, and removes each from the dead-letter queue when the broker has confirmed it. Killed at any time, it leaves each message in the one queue, in the other, or in both: a handler may see a message twice. Servers process a replayed message, and count its deliveries from 1. A call whose caller is gone becomes a cast. Exits with 1 when messages could not be replayed, or failed again, and with 2 for ids or a group that no dead letter has.',
    )
    .argument('[ids...]', 'ids of dead letters')
    .option('--all', 'replay all dead letters of the queues')
    .option('--rate <rate>', 'maximum rate: 10, 10/s, 600/m (default: unlimited)', (text) => rateOf(text))
    .option('--to <queue>', 'queue to publish to (default: the original queue of each)')
    .option('--watch <duration>', 'how long to wait for messages that fail again', durationOf, '0s')
    .option('--dry-run', 'only count them')
    .option('--force', 'also messages that nobody has dead-lettered, of a queue not named *.dead')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc dead replay --topic calculator --reason "delivered 20 times" --rate 10/s --watch 5s',
    )
    .action((ids: string[], flags: ReplayFlags) => replay(ids, flags, command));
}

async function replay(ids: string[], flags: ReplayFlags, command: CommandProcess): Promise<void> {
  const signal = command.interruption.handled(FINISH_MS);
  const { rate, to, watch, dryRun, force } = flags;
  const scope = scopeOf(flags, command);
  const filter = await chosenLetters('Replay', ids, flags, scope, command);
  if (filter === undefined) {
    command.note('Nothing was replayed');
    // The exit code of a signal stays.
    if (!signal.aborted) command.exitCode = EXIT.failed;
    return;
  }
  const display = new LetterProgress('Replayed', command.errors);
  const result = await adviseForce(
    replayDeadLetters({
      ...scope,
      filter,
      rate,
      to,
      watch,
      dryRun,
      force,
      onProgress: display.show,
    }).finally(() => display.clear()),
  );
  reportUnknown(ids, result, command);
  command.print(flags.json ? toJsonLine(result) : replayText(result, dryRun === true));
  warn(command, result.notices);
  if (result.error !== null) command.note(result.error);
  const isFailed = result.failed > 0 || result.error !== null || result.failedAgain;
  if (isFailed && !signal.aborted) command.exitCode = EXIT.failed;
}

function replayText(result: ReplayResult, isDryRun: boolean): string {
  const { matched, replayed, asCasts, failed, failures, failedAgain, left, interrupted } = result;
  const casts = asCasts === 0 ? '' : `, ${asCasts} as casts, because their callers are gone`;
  if (isDryRun) return `Would replay ${matched}${casts}\n`;
  const again = failedAgain === null ? '' : `; ${failedAgain} failed again`;
  const end = interrupted ? ' (interrupted)' : '';
  const lines = failures.slice(0, MAX_FAILURES).map(({ id, reason }) => `  ${oneLine(`${id}: ${reason}`, 500)}\n`);
  const more = failed > lines.length ? `  … and ${failed - lines.length} more\n` : '';
  return `Replayed ${replayed} of ${matched}${casts}; ${failed} failed; ${left} left${again}${end}\n${lines.join('')}${more}`;
}
