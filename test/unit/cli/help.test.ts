import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { CommandProcess } from '../../../lib/cli/command-process.js';
import { OpenConnections } from '../../../lib/cli/open-connections.js';
import { makeProgram } from '../../../lib/cli/program.js';

const program = makeProgram(new OpenConnections(), new CommandProcess());

/** All visible commands below one, with their full names. */
function commandsBelow(command: Command, name = command.name()): [string, Command][] {
  const visible = command.createHelp().visibleCommands(command);
  return visible
    .filter((one) => one.name() !== 'help')
    .flatMap((one) => [
      [`${name} ${one.name()}`, one] as [string, Command],
      ...commandsBelow(one, `${name} ${one.name()}`),
    ]);
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

describe('--help', () => {
  const commands = commandsBelow(program);

  it('knows all commands', () => {
    const names = commands.map(([name]) => name);
    for (const name of ['call', 'cast', 'ping', 'list', 'listen', 'notify', 'context add', 'completion'])
      expect(names).toContain(`oslo-rpc ${name}`);
    expect(names.join()).not.toContain('__');
  });

  it.each(commands)('of %s has an example of it, and the exit codes', (name, command) => {
    const help = helpOf(command);
    expect(help).toMatch(/\nExamples?:\n/);
    const example = help.slice(help.search(/\nExamples?:\n/));
    // A group shows examples of its members.
    expect(example).toContain(command.commands.length > 0 ? name.split(' ').slice(0, 2).join(' ') : name);
    expect(help).toMatch(/\nExit codes:\n {2}0 {2}/);
    expect(command.summary()).not.toBe('');
    expect(command.description()).not.toBe('');
  });
});
