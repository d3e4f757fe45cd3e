import type { Command } from 'commander';
import type { CommandProcess } from '../command-process.js';
import { addLsCommand, addShowCommand } from './look-commands.js';
import { addPurgeCommand } from './purge-command.js';
import { addReplayCommand } from './replay-command.js';

/** Adds `dead ls`, `dead show`, `dead replay` and `dead purge`. */
export function addDeadCommand(program: Command, command: CommandProcess): void {
  const dead = program
    .command('dead')
    .summary('look at dead letters, replay them to their queues, or purge them')
    .description(
      'Works with dead letters: messages that servers of this library could not process, and those that RabbitMQ dead-lettered by a delivery limit, a time to live or a length limit. Looking removes nothing. In a quorum queue before RabbitMQ 4.3 each look counts as a delivery: where that may publish messages again, it asks first.',
    )
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  oslo-rpc dead ls --topic calculator');
  addLsCommand(dead, command);
  addShowCommand(dead, command);
  addReplayCommand(dead, command);
  addPurgeCommand(dead, command);
}
