import type { Command, Option } from 'commander';
import { NOTIFICATION_DRIVERS, PRIORITIES } from '../../internal.js';

/** Possible word, and its description. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Subcommands of `context` whose argument is the name of a saved one. */
const OF_CONTEXTS: readonly string[] = ['edit', 'show', 'select', 'rm'];

/**
 * Returns the words that may stand at the end of a command line. None where any text or file may.
 * @param words those after the name of the program; the last one is being typed
 * @param contexts returns the names of the saved contexts
 */
export function candidates(program: Command, words: readonly string[], contexts: () => readonly string[]): Candidate[] {
  const typed = words.at(-1) ?? '';
  const { command, option, positionals } = place(program, words.slice(0, -1));
  const named = (values: readonly string[]) => values.map((value) => ({ value, description: '' }));
  const all = (): Candidate[] => {
    if (option) return named(valuesOf(option, contexts));
    if (typed.startsWith('-')) return flags(command);
    if (positionals === 0 && command.commands.length > 0) return subcommands(command);
    if (positionals === 0 && command.parent?.name() === 'context' && OF_CONTEXTS.includes(command.name()))
      return named(contexts());
    return named(command.registeredArguments[positionals]?.argChoices ?? []);
  };
  return all().filter(({ value }) => value.startsWith(typed));
}

interface Place {
  readonly command: Command;
  /** Option whose value comes next. */
  readonly option: Option | undefined;
  /** Number of arguments that are not options. */
  readonly positionals: number;
}

function place(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let positionals = 0;
  for (const word of words) {
    if (option) option = undefined;
    else if (word.startsWith('-') && word !== '-') {
      const found = command.options.find(({ long, short }) => word === long || word === short);
      option = found?.required ? found : undefined;
    } else {
      const next: Command | undefined =
        positionals === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (next) command = next;
      else positionals++;
    }
  }
  return { command, option, positionals };
}

function valuesOf(option: Option, contexts: () => readonly string[]): readonly string[] {
  switch (option.attributeName()) {
    case 'use':
      return contexts();
    case 'priority':
      return PRIORITIES;
    case 'driver':
      return NOTIFICATION_DRIVERS.filter((driver) => driver !== 'test');
    default:
      return option.argChoices ?? [];
  }
}

function flags(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, description }] : []));
}

function subcommands(command: Command): Candidate[] {
  const help = command.createHelp();
  return help
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), description: help.subcommandDescription(one) }));
}
