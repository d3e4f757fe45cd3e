import type { Command } from 'commander';
import {
  byExchange,
  type ServerState,
  type SurveyedServer,
  type SurveyedTopic,
  surveyAll,
  surveyServer,
  topicsAt,
  withExactServers,
} from '../../inspect/index.js';
import { type ApiInfo, counted, Deadline, MessageUndeliverable, oneLine, Target } from '../../internal.js';
import { openTransport } from '../broker-session.js';
import type { CommandProcess } from '../command-process.js';
import { UsageError } from '../exit-code.js';
import { managementUrlOf } from '../flags/flag-values.js';
import { readBroker, type TargetFlags, takesTarget } from '../flags/target-options.js';
import type { OpenConnections } from '../open-connections.js';
import type { Colour } from '../terminal/colours.js';
import { toJsonLine } from '../terminal/json-line.js';
import { asking, whileShowing } from '../terminal/progress-line.js';
import { textTable } from '../terminal/text-table.js';

interface ListFlags extends TargetFlags {
  managementUrl?: string;
  json?: boolean;
}

/** Maximum number of exchanges that are named where none is the given one. */
const MAX_NAMED = 10;
const HEADER = ['TOPIC', 'EXCHANGE', 'SERVER', 'LIBRARY', 'SERVES'];
const COLOURS: Readonly<Record<string, Colour>> = {
  'no answer': 'red',
  'not running': 'red',
} satisfies Partial<Record<ServerState, Colour>>;
const UNNAMED =
  'Servers in Python, older ones, and those without rpcDiscoveryEnabled do not say their names: give --management-url to see them';

/** Adds `list`. */
export function addListCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesTarget(program.command('list'), '3s', 'topic to list (default: all, with --management-url)')
    .summary('show which servers serve what')
    .description(
      'Shows topics, their servers and what these serve. The topics of a whole broker, and the names of servers in Python, are known from the management API only; without --management-url, give --topic. Servers answer where rpcDiscoveryEnabled is set; others are shown as "Python or older". Servers in Python log one line about the unknown method. Waits for the answers of unknown servers for the whole --timeout.',
    )
    .option('--management-url <url>', 'management API of RabbitMQ: http://host:15672', managementUrlOf)
    .option('--json', 'print the servers as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  oslo-rpc list --url rabbit://user:password@host/ --management-url http://host:15672',
    )
    .action(async (flags: ListFlags) => {
      const { asked, topics } = await list(flags, connections, command);
      command.print(flags.json ? toJsonLine(topics) : textTable([HEADER, ...topics.flatMap(rowsOf)], colourOf));
      for (const { topic, exchange } of topics)
        if (asked !== undefined && exchange !== asked) command.note(otherExchange(topic, exchange, asked));
      if (!flags.managementUrl && topics.some(({ unnamed }) => unnamed > 0)) command.note(UNNAMED);
    });
}

/** Surveyed topics, and the exchange that was asked; undefined where the exchanges are known from the management API. */
interface Listing {
  readonly asked?: string;
  readonly topics: readonly SurveyedTopic[];
}

async function list(flags: ListFlags, connections: OpenConnections, { errors }: CommandProcess): Promise<Listing> {
  const { topic, server, managementUrl } = flags;
  if (!topic && !managementUrl)
    throw new UsageError('no topic: give --topic, or --management-url for the topics of the whole broker');
  if (server && !topic) throw new UsageError('--server: give the --topic of the server, too');
  const { options, exchange, timeout } = readBroker(flags);
  const full = { ...options, rabbit: { ...options.rabbit, ...(managementUrl && { managementUrl }) } };
  const all = managementUrl ? await withExactServers(await topicsAt(full), full, Deadline.after(timeout * 1000)) : [];
  const known = flags.exchange ? all.filter((one) => one.exchange === exchange) : all;
  if (!topic && known.length === 0 && flags.exchange) throw new MessageUndeliverable(noTopicText(exchange, all));
  const transport = await openTransport(connections, full);
  const show = <T>(what: string, work: () => Promise<T>) => whileShowing(errors, asking(what, timeout), work);
  if (!topic) return { topics: await show('the servers of all topics', () => surveyAll(transport, known, timeout)) };
  if (server) {
    const target = new Target({ topic, exchange, server });
    const one = await show(`the server ${server} of topic ${topic}`, () => surveyServer(transport, target, timeout));
    return { asked: exchange, topics: byExchange(one) };
  }
  const named = known.filter((one) => one.topic === topic);
  const asked = named.length > 0 ? named : [{ topic, exchange, servers: [] }];
  const surveyed = await show(`the servers of topic ${topic}`, () => surveyAll(transport, asked, timeout));
  if (surveyed.every(({ servers, unnamed }) => servers.length + unnamed === 0))
    throw new MessageUndeliverable(`No server of the topic "${topic}" on the exchange "${exchange}" has answered`);
  // The exchanges of the management API are known already.
  return named.length > 0 ? { topics: surveyed } : { asked: exchange, topics: surveyed.flatMap(byExchange) };
}

function noTopicText(exchange: string, all: readonly { readonly exchange: string }[]): string {
  if (all.length === 0) return oneLine(`No topic is on the exchange "${exchange}": the broker has no topic`);
  const others = [...new Set(all.map((one) => one.exchange))].sort();
  const more = others.length > MAX_NAMED ? ' and others' : '';
  const names = others.slice(0, MAX_NAMED).join(', ');
  return oneLine(`No topic is on the exchange "${exchange}": there are topics on ${names}${more}`);
}

function otherExchange(topic: string, exchange: string, asked: string): string {
  return oneLine(
    `The topic "${topic}" was asked on the exchange "${asked}", but servers report "${exchange}": give --exchange ${exchange}`,
  );
}

function colourOf(cell: string, column: number): Colour | undefined {
  return HEADER[column] === 'LIBRARY' ? COLOURS[cell] : undefined;
}

function rowsOf({ topic, exchange, servers, unnamed }: SurveyedTopic): string[][] {
  const rows = servers.map(({ server, state, info }: SurveyedServer) => {
    const library = info ? `${info.library.name} ${info.library.version}` : state;
    return [topic, exchange, server, library, info ? info.apis.map(apiText).join('; ') : ''];
  });
  if (unnamed > 0) rows.push([topic, exchange, '?', 'Python or older', counted(unnamed, 'server')]);
  return rows;
}

function apiText({ namespaces, version, methods }: ApiInfo): string {
  const [namespace] = namespaces;
  const count = counted(methods.length, 'method');
  return `${version}${namespace ? ` of ${namespace}` : ''} (${count})`;
}
