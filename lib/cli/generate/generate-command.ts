import type { Command } from 'commander';
import type { CommandProcess } from '../command-process.js';
import { contractJson } from '../contract/contract-json.js';
import type { ContractModel } from '../contract/contract-model.js';
import { UsageError } from '../exit-code.js';

interface GenerateFlags {
  class?: string[];
  out?: string;
  endpoint?: boolean;
  topic?: string;
  exchange?: string;
  namespace?: string;
  apiVersion?: string;
  json?: boolean;
}

/** Adds `generate`. */
export function addGenerateCommand(program: Command, command: CommandProcess): void {
  program
    .command('generate')
    .summary("make a TypeScript contract from Python's RPC API class")
    .description(
      'Reads RPC API classes of Python, such as those in rpcapi.py, and prints their contracts in TypeScript: methods, calls and casts, arguments, versions, docstrings. Facts that the source does not tell are left out, and a comment quotes the line. Files that these import are read where they lie in the same source tree. Python is not needed.',
    )
    .argument('<file...>', 'Python files')
    .option('--class <name>', 'class to read; can be repeated (default: the only RPC API class of each file)', collect)
    .option('--out <file>', 'file to write (default: standard output); only a generated file is replaced')
    .option('--endpoint', 'add the skeleton of a Nest class that answers the API; manager classes can be read, too')
    .option('--topic <topic>', 'topic of the API, where the class does not name it')
    .option('--exchange <exchange>', 'exchange of the API, where the class does not name it')
    .option('--namespace <namespace>', 'namespace of the API, where the class does not name it')
    .option('--api-version <version>', 'version of the API, such as 1.4, where the source does not name it')
    .option('--json', 'print the contract as JSON, for `contract diff`')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc generate nova/conductor/rpcapi.py --class ComputeTaskAPI --out src/compute-task-api.ts',
    )
    .action((files: string[], flags: GenerateFlags) => generate(files, flags, command));
}

function collect(name: string, names: readonly string[] = []): string[] {
  return [...names, name];
}

async function generate(files: readonly string[], flags: GenerateFlags, command: CommandProcess): Promise<void> {
  const {
    class: classes = [],
    endpoint = false,
    json = false,
    topic,
    exchange,
    namespace,
    apiVersion: version,
  } = flags;
  if (version !== undefined && !/^\d+\.\d+$/.test(version))
    throw new UsageError(`--api-version: expected MAJOR.MINOR such as 1.4; got ${version}`);
  if (endpoint && json) throw new UsageError('--endpoint and --json exclude each other');
  for (const [name, value] of Object.entries({ topic, exchange, namespace }))
    if (value?.trim() === '') throw new UsageError(`--${name}: expected a name; got an empty text`);
  // The grammar is loaded for this command only.
  const { readContracts } = await import('./find-classes.js');
  const { printFile } = await import('./print-file.js');
  const { writeOutput } = await import('./write-output.js');
  const models = readContracts(files, { classes, managers: endpoint, topic, exchange, namespace, version });
  const names = models.map(({ name }) => name);
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) throw new UsageError(`two classes give the name ${doubled}: generate them into two files`);
  if (endpoint) models.forEach(checkTarget);
  writeOutput(json ? contractJson(models) : printFile(models, endpoint), flags.out, command);
}

/** @throws UsageError for an API that no class can answer, since its target is not known */
function checkTarget({ class: name, parameters = [] }: ContractModel): void {
  const [missing] = parameters;
  if (missing === undefined) return;
  const flag = missing === 'version' ? '--api-version MAJOR.MINOR' : `--${missing} NAME`;
  throw new UsageError(`--endpoint: the ${missing} of ${name} is not in the source; give ${flag}`);
}
