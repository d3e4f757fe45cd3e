import type { Command } from 'commander';
import { type ApiInfo, MessageUndeliverable, stringifyJson, Target, toMilliseconds } from '../internal.js';
import { openTransport } from './broker-session.js';
import { UsageError } from './exit-code.js';
import type { OpenConnections } from './open-connections.js';
import { readBroker, type TargetFlags, takesTarget } from './target-options.js';
import { textTable } from './text-table.js';
import { type SurveyedServer, type SurveyedTopic, surveyAll, surveyServer, topicsAt } from './topic-survey.js';

interface ListFlags extends TargetFlags {
  managementUrl?: string;
  json?: boolean;
}

const HEADER = ['TOPIC', 'EXCHANGE', 'SERVER', 'LIBRARY', 'SERVES'];
const UNNAMED =
  'Servers in Python, older ones, and those without rpcDiscoveryEnabled do not say their names: give --management-url to see them\n';

/** Adds `list`. */
export function addListCommand(program: Command, connections: OpenConnections): void {
  takesTarget(program.command('list'), '3s', 'topic to list (default: all, with --management-url)')
    .summary('show which servers serve what')
    .description(
      'Shows topics, their servers and what these serve. The topics of a whole broker, and the names of servers in Python, are known from the management API only; without --management-url, give --topic. Servers answer where rpcDiscoveryEnabled is set; others are shown as "Python or older". Servers in Python log one line about the unknown method. Waits for the answers of unknown servers for the whole --timeout.',
    )
    .option('--management-url <url>', 'management API of RabbitMQ: http://host:15672')
    .option('--json', 'print the servers as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc list --url rabbit://user:password@host/ --management-url http://host:15672',
    )
    .action(async (flags: ListFlags) => {
      const topics = await list(flags, connections);
      process.stdout.write(flags.json ? `${stringifyJson(topics)}\n` : textTable([HEADER, ...topics.flatMap(rowsOf)]));
      if (!flags.managementUrl && topics.some(({ unnamed }) => unnamed > 0)) process.stderr.write(UNNAMED);
    });
}

async function list(flags: ListFlags, connections: OpenConnections): Promise<SurveyedTopic[]> {
  const { topic, server, managementUrl } = flags;
  if (!topic && !managementUrl)
    throw new UsageError('no topic: give --topic, or --management-url for the topics of the whole broker');
  if (server && !topic) throw new UsageError('--server: give the --topic of the server, too');
  const { options, exchange } = readBroker(flags);
  const full = { ...options, rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } };
  const all = managementUrl ? await topicsAt(full) : [];
  const known = flags.exchange ? all.filter((one) => one.exchange === exchange) : all;
  const transport = await openTransport(connections, full);
  const timeout = toMilliseconds(options.rpcResponseTimeout ?? 3) / 1000;
  if (!topic) return surveyAll(transport, known, timeout);
  if (server) return [await surveyServer(transport, new Target({ topic, exchange, server }), timeout)];
  const named = known.filter((one) => one.topic === topic);
  const surveyed = await surveyAll(transport, named.length > 0 ? named : [{ topic, exchange, servers: [] }], timeout);
  if (surveyed.every(({ servers, unnamed }) => servers.length + unnamed === 0))
    throw new MessageUndeliverable(`No server of the topic "${topic}" on the exchange "${exchange}" has answered`);
  return surveyed;
}

function rowsOf({ topic, exchange, servers, unnamed }: SurveyedTopic): string[][] {
  const rows = servers.map(({ server, state, info }: SurveyedServer) => {
    const library = info ? `${info.library.name} ${info.library.version}` : state;
    return [topic, exchange, server, library, info ? info.apis.map(apiText).join('; ') : ''];
  });
  if (unnamed > 0)
    rows.push([topic, exchange, '?', 'Python or older', `${unnamed} ${unnamed === 1 ? 'server' : 'servers'}`]);
  return rows;
}

function apiText({ namespaces, version, methods }: ApiInfo): string {
  const [namespace] = namespaces;
  const count = `${methods.length} ${methods.length === 1 ? 'method' : 'methods'}`;
  return `${version}${namespace ? ` of ${namespace}` : ''} (${count})`;
}
