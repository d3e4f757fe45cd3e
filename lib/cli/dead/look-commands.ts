import type { Command } from 'commander';
import { findDeadLetter, listDeadLetters } from '../../inspect/index.js';
import type { CommandProcess } from '../command-process.js';
import { toJsonLine } from '../terminal/json-line.js';
import { whileShowing } from '../terminal/progress-line.js';
import { type FilterFlags, filterOf, type ScopeFlags, scopeOf, takesFilter, takesScope } from './dead-flags.js';
import { FINISH_MS } from './finish.js';
import { READING } from './letter-progress.js';
import { contentText, listingText } from './letter-text.js';
import { assertGroup } from './unknown.js';
import { warn } from './warn.js';

const CONSENT = ['--yes', 'do not ask before messages may be published to their queue again'] as const;

/** Adds `ls`. */
export function addLsCommand(dead: Command, command: CommandProcess): void {
  takesFilter(takesScope(dead.command('ls')))
    .summary('show dead letters by reason and method')
    .description(
      'Groups dead letters by queue, original queue, reason and method or event type, with the number, the oldest and newest time, the number of replays, and an example. Removes nothing.',
    )
    .option(...CONSENT)
    .addHelpText('after', '\nExample:\n  oslo-rpc dead ls --url rabbit://user:password@host/ --topic calculator')
    .action(async (flags: ScopeFlags & FilterFlags) => {
      command.interruption.handled(FINISH_MS);
      const scope = { ...scopeOf(flags, command), filter: filterOf(flags) };
      const listing = await whileShowing(command.errors, READING, () => listDeadLetters(scope));
      assertGroup(listing, command);
      command.print(flags.json ? toJsonLine(listing) : listingText(listing));
      warn(
        command,
        listing.queues.flatMap(({ notices }) => notices),
      );
    });
}

/** Adds `show`. */
export function addShowCommand(dead: Command, command: CommandProcess): void {
  takesScope(dead.command('show'))
    .summary('show one dead letter whole')
    .description(
      'Shows a dead letter: its reason, its headers, and the decoded message with passwords and tokens masked. ID is that of ls, or its beginning.',
    )
    .argument('<id>', 'id of the dead letter')
    .option(...CONSENT)
    .addHelpText('after', '\nExample:\n  oslo-rpc dead show --topic calculator 5f2c81d09a4e')
    .action(async (id: string, flags: ScopeFlags) => {
      command.interruption.handled(FINISH_MS);
      const scope = scopeOf(flags, command);
      const content = await whileShowing(command.errors, READING, () => findDeadLetter(scope, id));
      command.print(flags.json ? toJsonLine(content) : contentText(content));
    });
}
