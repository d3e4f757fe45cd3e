import { Argument, type Command } from 'commander';
import { oneLine } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { ContextStore } from '../context/context-store.js';
import { toJsonLine } from '../terminal/json-line.js';
import { candidates } from './candidates.js';
import { COMPLETE, SCRIPTS, SHELLS, type Shell } from './shell-scripts.js';

/** Maximum length of a description, in characters. */
const MAX_DESCRIPTION = 80;

/** Adds `completion`, and the hidden command that its scripts call. */
export function addCompletionCommand(program: Command, command: CommandProcess): void {
  program
    .command('completion')
    .summary('print a script that completes commands in a shell')
    .description(
      'Prints a script for the shell. It completes commands, options, saved contexts, priorities and drivers. No broker is asked.',
    )
    .addArgument(new Argument('<shell>', 'shell').choices(SHELLS))
    .addHelpText(
      'after',
      `\nExamples:
  source <(oslo-rpc completion bash)         # in ~/.bashrc
  source <(oslo-rpc completion zsh)          # in ~/.zshrc, after compinit
  oslo-rpc completion fish | source          # in ~/.config/fish/config.fish`,
    )
    .option('--json', 'print the script as a member of JSON')
    .action((shell: Shell, { json }: { json?: boolean }) => {
      const script = SCRIPTS[shell];
      command.print(json ? toJsonLine({ shell, script }) : script);
    });
  program
    .command(COMPLETE, { hidden: true })
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((words: string[]) => {
      const lines = candidates(program, words, () => new ContextStore(command.environment).names()).map(
        ({ value, description }) => `${value}\t${oneLine(description, MAX_DESCRIPTION)}\n`,
      );
      command.print(lines.join(''));
    });
}
