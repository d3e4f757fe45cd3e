import type { Command } from 'commander';
import type { AsyncApiDocument, AsyncApiInfo } from '../../asyncapi/for-command.js';
import { discoverServers, MessageUndeliverable, Target } from '../../internal.js';
import { openTransport } from '../broker-session.js';
import type { CommandProcess } from '../command-process.js';
import { withoutContext } from '../context/apply-context.js';
import { UsageError } from '../exit-code.js';
import { readTarget, type TargetFlags, takesTarget } from '../flags/target-options.js';
import type { OpenConnections } from '../open-connections.js';
import { asking, whileShowing } from '../terminal/progress-line.js';
import { writeFile } from '../write-file.js';
import { loadExports, missedHint, packageInfo, projectConverter } from './asyncapi-source.js';

interface AsyncApiFlags extends TargetFlags {
  export?: string[];
  title?: string;
  apiVersion?: string;
  description?: string;
  format?: string;
  json?: boolean;
  out?: string;
  html?: string;
}

const DESCRIPTION =
  'Writes an AsyncAPI document of RPC methods and notifications. MODULE is a compiled JavaScript file that exports the root module of a Nest application, or contracts (defineRpcApi). The application is not started, and nothing is connected; options that forRootAsync makes from other providers are not known then: give --url, --topic and --exchange. Without MODULE, the servers of --topic describe themselves, where rpcDiscoveryEnabled is set: methods and the names of their arguments, no notifications.';

/** Adds `asyncapi`. */
export function addAsyncApiCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesTarget(program.command('asyncapi'), '3s')
    .summary('describe an application, contracts or servers as an AsyncAPI document')
    .description(DESCRIPTION)
    .argument('[module]', 'compiled file with a Nest module or contracts: dist/app.module.js')
    .option(
      '--export <name>',
      'export of the module; can be repeated (default: its Nest module, else its contracts)',
      repeated,
    )
    .option('--title <text>', 'title of the document (default: name of the nearest package.json, else the topic)')
    .option('--api-version <version>', 'version of the application (default: that of package.json, else 1.0.0)')
    .option('--description <text>', 'description, in Markdown (default: that of package.json)')
    .option('--format <format>', 'yaml or json (default: by the name of --out, else yaml)')
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'file for the document (default: standard output, unless --html is given)')
    .option(
      '--html <file>',
      'file for a page that shows the document without a network; needs @asyncapi/react-component',
    )
    .addHelpText('after', '\nExample:\n  oslo-rpc asyncapi dist/app.module.js --out asyncapi.yaml --html asyncapi.html')
    .action(async (module: string | undefined, given: AsyncApiFlags, self: Command) => {
      // A module describes its own broker. A saved context is for a running one.
      const flags = module === undefined ? given : withoutContext(given, self);
      const format = formatOf(flags);
      const print = module === undefined ? command.print : command.hostModule();
      const document =
        module === undefined ? await ofServers(flags, connections, command) : await ofModule(module, flags, command);
      // First, since it can fail: then no file is written.
      const page = flags.html === undefined ? undefined : await pageOf(document);
      const text = format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : await yamlOf(document);
      if (flags.out !== undefined) writeFile(flags.out, text, '--out');
      else if (flags.html === undefined) print(text);
      if (flags.html !== undefined && page !== undefined) writeFile(flags.html, page, '--html');
    });
}

async function ofModule(path: string, flags: AsyncApiFlags, command: CommandProcess): Promise<AsyncApiDocument> {
  const { createAsyncApiDocument, describeModule, isModuleClass } = await import('../../asyncapi/for-command.js');
  const { url: transportUrl, topic, exchange: controlExchange } = flags;
  const configFiles = flags.configFile ?? flags.configDir;
  const given = { transportUrl, topic, controlExchange, configFiles };
  const messaging = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const found = await loadExports(path, flags.export ?? [], isModuleClass);
  const { toJsonSchema, missed } = await projectConverter(path);
  const info = infoOf(flags, packageInfo(path), 'RPC');
  const document =
    'module' in found
      ? await describeModule(found.module, info, messaging, toJsonSchema)
      : createAsyncApiDocument(found.apis, info, {
          messaging: { transportUrl: 'memory://', ...messaging },
          toJsonSchema,
        });
  const hint = missedHint(missed);
  if (hint !== undefined) command.printError(hint);
  return document;
}

async function ofServers(
  flags: AsyncApiFlags,
  connections: OpenConnections,
  { errors }: CommandProcess,
): Promise<AsyncApiDocument> {
  if (flags.export) throw new UsageError('--export: give the module, too');
  const { topic, server } = flags;
  if (!topic) throw new UsageError('nothing to describe: give a compiled module, or the --topic of running servers');
  const { options, exchange, timeout } = readTarget(flags);
  const transport = await openTransport(connections, options);
  const target = new Target({ topic, exchange, server });
  const { servers, others } = await whileShowing(errors, asking(`the servers of topic ${topic}`, timeout), () =>
    discoverServers(transport, target, { timeout }),
  );
  if (servers.length === 0)
    throw new MessageUndeliverable(
      others > 0
        ? `The servers of the topic "${topic}" do not answer discovery: set rpcDiscoveryEnabled. Servers in Python have none`
        : `No server of the topic "${topic}" on the exchange "${exchange}" has answered`,
    );
  const { createAsyncApiDocument } = await import('../../asyncapi/for-command.js');
  return createAsyncApiDocument(servers, infoOf(flags, {}, topic), { messaging: { ...options, topic } });
}

function infoOf(flags: AsyncApiFlags, known: Partial<AsyncApiInfo>, title: string): AsyncApiInfo {
  const description = flags.description ?? known.description;
  return {
    title: flags.title ?? known.title ?? title,
    version: flags.apiVersion ?? known.version ?? '1.0.0',
    ...(description !== undefined && { description }),
  };
}

function formatOf({ format, json, out = '' }: AsyncApiFlags): 'yaml' | 'json' {
  if (json && format !== undefined && format !== 'json') throw new UsageError(`--json excludes --format ${format}`);
  if (json) return 'json';
  if (format === undefined) return out.endsWith('.json') ? 'json' : 'yaml';
  if (format === 'yaml' || format === 'json') return format;
  throw new UsageError(`--format: expected yaml or json; got ${format}`);
}

async function yamlOf(document: AsyncApiDocument): Promise<string> {
  const { stringify } = await import('yaml');
  // References of the document, not of YAML: other tools read them.
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 120 });
}

async function pageOf(document: AsyncApiDocument): Promise<string> {
  const { asyncApiPage } = await import('./asyncapi-page.js');
  return asyncApiPage(document);
}

function repeated(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
