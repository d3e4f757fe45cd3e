import { resolve } from 'node:path';
import type { Command } from 'commander';
import { normalizeOptions } from '../../internal.js';
import type { CommandProcess } from '../command-process.js';
import { UsageError } from '../exit-code.js';
import { managementUrlOf } from '../flags/flag-values.js';
import { readBroker } from '../flags/target-options.js';
import { readStandardInput } from '../input/read-source.js';
import { toJsonLine } from '../terminal/json-line.js';
import { textTable } from '../terminal/text-table.js';
import { ContextStore } from './context-store.js';
import { checkName, type SavedContext, type SavedFile, shownContext } from './saved-context.js';

interface ContextFlags {
  description?: string;
  url?: string;
  exchange?: string;
  timeout?: string;
  managementUrl?: string;
  configFile?: SavedFile[];
  configDir?: SavedFile[];
  select?: boolean;
  json?: boolean;
}

interface JsonFlag {
  json?: boolean;
}

const JSON_FLAG = ['--json', 'print the context as JSON'] as const;
const SELECTED_FLAG = ['--json', 'print the name of the selected context as JSON'] as const;

const DESCRIPTION =
  'Saves brokers under names, so that commands need no --url. A context holds the URL with its password, files of oslo.config, the management URL, the exchange and the timeout. Commands use that of --use, else that of the variable OSLO_RPC_CONTEXT, else the selected one. Flags win over it; it wins over TRANSPORT_URL. The selected context is not used by a command that has --url, --config-file or --config-dir. Files are kept in $XDG_CONFIG_HOME/oslo-rpc (~/.config/oslo-rpc), for their owner only.';

/** Adds `context`, with `add`, `edit`, `ls`, `show`, `select`, `unselect` and `rm`. */
export function addContextCommand(program: Command, command: CommandProcess): void {
  const open = () => new ContextStore(command.environment);
  const select = (name: string | undefined, { json }: JsonFlag) => {
    open().select(name);
    if (json) command.print(toJsonLine({ selected: name ?? null }));
  };
  const context = program
    .command('context')
    .summary('save brokers under names')
    .description(DESCRIPTION)
    .addHelpText(
      'after',
      `\nExamples:
  oslo-rpc context add prod --url - --management-url https://mq1:15671 --select
  oslo-rpc list
  oslo-rpc ping --use staging --topic calculator`,
    );
  takesContext(context.command('add'))
    .summary('save a new context')
    .description('Saves a new context. The URL is checked; the broker is not asked.')
    .option('--select', 'make it the context of commands without --use')
    .addHelpText('after', '\nExample:\n  oslo-rpc context add prod --url - --exchange tacker --select < url.txt')
    .action(async (name: string, flags: ContextFlags) => {
      const store = open();
      const saved = await merged({}, flags, command);
      store.add(checkName(name), saved);
      if (flags.select) store.select(name);
      if (flags.json) command.print(description(store, name, true));
    });
  takesContext(context.command('edit'))
    .summary('change a context')
    .description('Changes the given values of a context. An empty text removes a value: --timeout "".')
    .addHelpText('after', '\nExample:\n  oslo-rpc context edit prod --timeout 5s --description "the large one"')
    .action(async (name: string, flags: ContextFlags) => {
      const store = open();
      store.replace(name, await merged(store.load(name), flags, command));
      if (flags.json) command.print(description(store, name, true));
    });
  context
    .command('ls')
    .summary('list the contexts')
    .description('Lists the contexts, the selected one with a "*". Passwords are not shown.')
    .option('--json', 'print the contexts as JSON')
    .addHelpText('after', '\nExample:\n  oslo-rpc context ls')
    .action(({ json }: JsonFlag) => {
      command.print(listing(open(), json));
    });
  context
    .command('show')
    .summary('show a context')
    .description('Shows a context. Passwords are not shown.')
    .argument('[name]', 'context (default: the selected one)')
    .option(...JSON_FLAG)
    .addHelpText('after', '\nExample:\n  oslo-rpc context show prod')
    .action((given: string | undefined, { json }: JsonFlag) => {
      const store = open();
      const name = given ?? store.selected();
      if (name === undefined) throw new UsageError('no context is selected: give its name');
      command.print(description(store, name, json));
    });
  context
    .command('select')
    .summary('make a context that of commands without --use')
    .description('Makes a context that of commands without --use.')
    .argument('<name>', 'context')
    .addHelpText('after', '\nExample:\n  oslo-rpc context select prod')
    .option(...SELECTED_FLAG)
    .action((name: string, flags: JsonFlag) => select(name, flags));
  context
    .command('unselect')
    .summary('select no context')
    .description('Selects no context.')
    .addHelpText('after', '\nExample:\n  oslo-rpc context unselect')
    .option(...SELECTED_FLAG)
    .action((flags: JsonFlag) => select(undefined, flags));
  context
    .command('rm')
    .summary('remove a context')
    .description('Removes a context with its password. The selected one is then no longer selected.')
    .argument('<name>', 'context')
    .addHelpText('after', '\nExample:\n  oslo-rpc context rm staging')
    .option('--json', 'print the name of the removed context, and of the selected one, as JSON')
    .action((name: string, { json }: JsonFlag) => {
      const store = open();
      if (store.remove(name)) command.note('No context is selected now');
      if (json) command.print(toJsonLine({ removed: name, selected: store.selected() ?? null }));
    });
}

function takesContext(command: Command): Command {
  // One list for both flags: as in Python, the files count in the order of the flags.
  const config: SavedFile[] = [];
  const add = (one: SavedFile) => {
    config.push(one);
    return config;
  };
  return command
    .argument('<name>', 'name of letters, digits, ".", "_" and "-"')
    .option('--url <url>', 'the broker, e.g. rabbit://user:password@host:5672/vhost; - reads it from standard input')
    .option('--exchange <exchange>', 'exchange of the topics')
    .option('--timeout <duration>', 'time for a reply, of commands without a time of their own')
    .option('--management-url <url>', 'management API of RabbitMQ: http://host:15672', managementUrlOf)
    .option('--config-file <path>', 'configuration file of oslo.config; can be repeated', (path) =>
      add({ file: resolve(path) }),
    )
    .option('--config-dir <path>', 'folder of further ones, *.conf; can be repeated', (path) =>
      add({ dir: resolve(path) }),
    )
    .option('--description <text>', 'a remark for the list')
    .option(...JSON_FLAG);
}

/** Returns a context with the given values. @throws UsageError, ConfigurationError for values that no command could use */
async function merged(before: SavedContext, flags: ContextFlags, command: CommandProcess): Promise<SavedContext> {
  const { configFile, configDir, description, exchange, timeout, managementUrl } = flags;
  const url = flags.url === '-' ? (await readStandardInput('--url', command)).trim() : flags.url;
  const config = configFile ?? configDir;
  const all = Object.entries({ ...before, ...defined({ description, url, exchange, timeout, managementUrl, config }) });
  const saved: SavedContext = Object.fromEntries(all.filter(([, value]) => value !== ''));
  if (saved.url === undefined && saved.config === undefined)
    throw new UsageError('no broker: give --url, --config-file or --config-dir');
  check(saved);
  return saved;
}

function check({ url, timeout, exchange, managementUrl, config }: SavedContext): void {
  // A folder may be filled later.
  const configFile = config?.flatMap((one) => ('file' in one ? [one.file] : []));
  // Files without a URL leave it to the variable.
  const { options } = readBroker(defined({ url: url ?? 'rabbit://', timeout, exchange, configFile }));
  normalizeOptions({ ...options, rabbit: { ...options.rabbit, ...defined({ managementUrl }) } });
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function listing(store: ContextStore, json = false): string {
  const selected = store.selected();
  const contexts = store.names().map((name) => ({ name, selected: name === selected, ...readable(store, name) }));
  if (json) return toJsonLine(contexts);
  if (contexts.length === 0) return '';
  const rows = contexts.map(({ name, selected: is, ...one }) => [
    `${name}${is ? '*' : ''}`,
    'error' in one ? one.error : (one.url ?? filesOf(one)),
    'error' in one ? '' : (one.description ?? ''),
  ]);
  return textTable([['NAME', 'BROKER', 'DESCRIPTION'], ...rows], (cell, column) =>
    column === 0 && cell.endsWith('*') ? 'green' : undefined,
  );
}

/** Returns a context, or the error of one that cannot be read: the others are listed nevertheless. */
function readable(store: ContextStore, name: string): SavedContext | { readonly error: string } {
  try {
    return shownContext(store.load(name));
  } catch (error) {
    if (error instanceof UsageError) return { error: error.message };
    throw error;
  }
}

function description(store: ContextStore, name: string, json = false): string {
  const shown = shownContext(store.load(name));
  const file = store.fileOf(name);
  if (json) return toJsonLine({ name, ...shown, file });
  const { url = '', exchange = '', timeout = '', managementUrl = '' } = shown;
  const rows = [
    ['name', name],
    ['description', shown.description ?? ''],
    ['url', url],
    ['config', filesOf(shown)],
    ['management URL', managementUrl],
    ['exchange', exchange],
    ['timeout', timeout],
    ['file', file],
  ];
  return textTable(rows.filter(([, value]) => value !== ''));
}

const filesOf = ({ config = [] }: SavedContext) => config.map((one) => ('file' in one ? one.file : one.dir)).join(', ');
