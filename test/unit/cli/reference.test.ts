import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { CommandProcess } from '../../../lib/cli/command-process.js';
import { OpenConnections } from '../../../lib/cli/open-connections.js';
import { makeProgram } from '../../../lib/cli/program.js';

const page = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
const [introduction = '', ...sections] = page.split(/^(?=## )/m);
const common = sections.find((section) => section.startsWith('## Options in common')) ?? '';

const program = makeProgram(new OpenConnections(), new CommandProcess());
const commands = visible(program).filter((command) => command.name() !== 'help');

function visible(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

/** Long names of the options of a command and its subcommands. */
function optionsOf(command: Command): string[] {
  const own = command
    .createHelp()
    .visibleOptions(command)
    .map(({ long }) => long ?? '');
  return [...own, ...visible(command).flatMap(optionsOf)].filter((name) => name !== '--help');
}

/** Section about a command. Its heading names it. */
function sectionOf(command: Command): string {
  return sections.find((section) => (section.split('\n', 1)[0] ?? '').includes(`\`${command.name()}\``)) ?? '';
}

/** Cells of the tables of a text, row by row. */
function rows(text: string): string[][] {
  return [...text.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()));
}

const optionsIn = (text: string): string[] => text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? [];

describe('the reference of the command', () => {
  it('is about commands of which each can print JSON', () => {
    const leaves = (command: Command): Command[] => {
      const below = visible(command).filter((one) => one.name() !== 'help');
      return below.length === 0 ? [command] : below.flatMap(leaves);
    };
    const without = commands.flatMap(leaves).filter((command) => !optionsOf(command).includes('--json'));
    expect(without.map((command) => command.name())).toEqual([]);
  });

  it('describes the JSON of each command', () => {
    const described = rows(common).flatMap(([names = '']) => {
      if (optionsIn(names).length > 0) return [];
      const [first = '', ...others] = [...names.matchAll(/`([\w ]+)`/g)].map(([, name = '']) => name);
      const group = first.includes(' ') ? `${first.split(' ', 1)[0]} ` : '';
      return [first, ...others.flatMap((name) => [name, group + name])];
    });
    const leaves = (command: Command, group = ''): string[] => {
      const name = group + command.name();
      const below = visible(command).filter((one) => one.name() !== 'help');
      return below.length === 0 ? [name] : below.flatMap((one) => leaves(one, `${name} `));
    };
    const all = commands.flatMap((command) => leaves(command));
    expect(all.filter((name) => !described.includes(name))).toEqual([]);
  });

  it('lists each command once', () => {
    const listed = rows(introduction).flatMap(([cell = '']) => /^`(\w+)`$/.exec(cell)?.[1] ?? []);
    expect(listed.toSorted()).toEqual(commands.map((command) => command.name()).toSorted());
  });

  it.each(commands.map((command) => [command.name(), command] as const))('has each option of %s', (_name, command) => {
    const section = sectionOf(command);
    expect(section).not.toBe('');
    const documented = new Set([...optionsIn(section), ...rows(common).flatMap(([cell = '']) => optionsIn(cell))]);
    expect(optionsOf(command).filter((name) => !documented.has(name))).toEqual([]);
    for (const { name } of visible(command).map((one) => ({ name: one.name() })))
      if (name !== 'help') expect(section).toMatch(new RegExp(`\`[^\`]*\\b${name}\\b|^ {4}.*\\b${name}\\b`, 'm'));
  });

  it.each(commands.map((command) => [command.name(), command] as const))(
    'has no option that %s lacks',
    (_name, command) => {
      const named = rows(sectionOf(command)).flatMap(([cell = '']) => optionsIn(cell));
      const known = commands.filter((one) => sectionOf(one) === sectionOf(command)).flatMap(optionsOf);
      expect(named.filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  it('says which commands have the options in common', () => {
    const wrong = rows(common).flatMap(([option = '', cell = '']) => {
      const [name] = optionsIn(option);
      if (!name || cell.startsWith('all')) return [];
      const listed = [...cell.matchAll(/`([\w ]+)`/g)].map(([, command = '']) => command.split(' ')[0]);
      const having = commands.filter((command) => optionsOf(command).includes(name)).map((command) => command.name());
      const special = having.filter((command) =>
        rows(sectionOf(program.commands.find((one) => one.name() === command) ?? program)).some(([own = '']) =>
          optionsIn(own).includes(name),
        ),
      );
      const missing = having.filter((command) => !listed.includes(command) && !special.includes(command));
      const foreign = listed.filter((command) => !having.includes(command ?? ''));
      return [...missing.map((command) => `${command} has ${name}`), ...foreign.map((one) => `${one} has no ${name}`)];
    });
    expect(wrong).toEqual([]);
  });
});
