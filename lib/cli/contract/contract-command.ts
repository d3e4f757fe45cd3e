import type { Command } from 'commander';
import type { CommandProcess } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import { changeText } from './change-text.js';
import { compareContracts } from './compare-contracts.js';
import { contractJson } from './contract-json.js';
import { notCompared, notComparedLine } from './not-compared.js';
import { readContractFile, readModule } from './read-contract.js';

/** Adds `contract`, with `export` and `diff`. */
export function addContractCommand(program: Command, command: CommandProcess): void {
  const contract = program
    .command('contract')
    .summary('export and compare contracts')
    .description('Exports contracts as JSON, and compares those of two releases.')
    .addHelpText('after', '\nExample:\n  oslo-rpc contract diff conductor-api.json dist/conductor-api.js');
  contract
    .command('export')
    .summary('print the contracts that a module exports as JSON')
    .description(
      'Loads a module and prints the APIs that it exports as JSON. TypeScript is loaded by Node.js 22.18 or later; build it for older ones.',
    )
    .argument('<module>', 'built module, or one in TypeScript, that exports the result of defineRpcApi')
    .option('--export <name>', 'export to print (default: all APIs)')
    .option('--json', 'print an error as JSON, too')
    .addHelpText('after', '\nExample:\n  oslo-rpc contract export dist/conductor-api.js > conductor-api.json')
    .action(async (module: string, flags: { export?: string }) => {
      const print = command.hostModule();
      print(contractJson(await readModule(module, flags.export)));
    });
  contract
    .command('diff')
    .summary('compare the contracts of two releases')
    .description(
      'Compares two contracts and prints what breaks clients or servers of the older one. Exits with 1 when something does. Each is a file of `contract export` or `generate --json`, `-` for standard input, or a module. A line on standard error names the methods whose arguments cannot be compared, since a module has only plain types of them.',
    )
    .argument('<old>', 'contract of the last release')
    .argument('<new>', 'contract now')
    .option('--json', 'print the changes as JSON')
    .addHelpText('after', '\nExample:\n  oslo-rpc contract diff conductor-api.json dist/conductor-api.js')
    .action(async (old: string, current: string, flags: { json?: boolean }) => {
      const print = command.hostModule();
      const [before, after] = [
        await readContractFile(old, command.input),
        await readContractFile(current, command.input),
      ];
      const found = compareContracts(before, after);
      const changes = [...found, ...notCompared(before, after)];
      print(flags.json ? `${JSON.stringify(changes, undefined, 2)}\n` : found.map(changeText).join(''));
      const blind = notComparedLine(changes);
      if (blind !== undefined) command.printError(blind);
      if (changes.some(({ level }) => level === 'breaking')) command.exitCode = EXIT.failed;
    });
}
