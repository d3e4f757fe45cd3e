import type { Command } from 'commander';
import {
  type ApiInfo,
  counted,
  discoverServers,
  discoverStats,
  MessageUndeliverable,
  type MethodInfo,
  type MethodStats,
  oneLine,
  type ServerInfo,
  type ServerStats,
  Target,
} from '../../internal.js';
import { openTransport } from '../broker-session.js';
import type { CommandProcess } from '../command-process.js';
import { EXIT } from '../exit-code.js';
import { readTarget, type TargetFlags, takesTarget } from '../flags/target-options.js';
import type { OpenConnections } from '../open-connections.js';
import { durationText } from '../terminal/figures.js';
import { toJsonLine } from '../terminal/json-line.js';
import { asking, whileShowing } from '../terminal/progress-line.js';
import { textTable } from '../terminal/text-table.js';

interface DescribeFlags extends TargetFlags {
  json?: boolean;
}

/** Description of a server, with its counts. */
interface Described {
  readonly info: ServerInfo;
  readonly stats: ServerStats | null;
}

interface Description {
  readonly servers: readonly Described[];
  /** Number of servers that do not know discovery. */
  readonly others: number;
}

/** Adds `describe`. */
export function addDescribeCommand(program: Command, connections: OpenConnections, command: CommandProcess): void {
  takesTarget(program.command('describe'), '3s')
    .summary('show methods, arguments, versions and counts of servers')
    .description(
      'Shows the methods of the servers of a topic, or of one of them, with arguments, versions, counts, errors and durations. Servers answer where rpcDiscoveryEnabled is set. Without --server, it waits for answers for the whole --timeout. Exits with 1 when only servers in Python, older ones, or ones without rpcDiscoveryEnabled have answered.',
    )
    .option('--json', 'print the descriptions as JSON')
    .addHelpText('after', '\nExample:\n  oslo-rpc describe --topic calculator --server calc1')
    .action(async (flags: DescribeFlags) => {
      const description = await describe(flags, connections, command);
      const { servers, others } = description;
      command.print(flags.json ? toJsonLine(description) : servers.map(textOf).join('\n'));
      if (others > 0) command.note(othersText(others));
      if (servers.length === 0) command.exitCode = EXIT.failed;
    });
}

async function describe(
  flags: DescribeFlags,
  connections: OpenConnections,
  { errors }: CommandProcess,
): Promise<Description> {
  const { topic, server } = flags;
  const { options, exchange, timeout } = readTarget(flags);
  const transport = await openTransport(connections, options);
  const target = new Target({ topic, exchange, server });
  const [found, counted] = await whileShowing(errors, asking(`the servers of topic ${topic}`, timeout), () =>
    Promise.all([discoverServers(transport, target, { timeout }), discoverStats(transport, target, { timeout })]),
  );
  if (found.servers.length + found.others === 0)
    throw new MessageUndeliverable(`No server of the topic "${topic}" on the exchange "${exchange}" has answered`);
  const byName = new Map(counted.servers.map((stats) => [stats.server, stats]));
  const statsOf = ({ server: name }: ServerInfo) => byName.get(name) ?? null;
  return { servers: found.servers.map((info) => ({ info, stats: statsOf(info) })), others: found.others };
}

function othersText(others: number): string {
  const who = counted(others, 'server answers', 'servers answer');
  return `${who} NoSuchMethod: Python or older, or without rpcDiscoveryEnabled`;
}

function textOf({ info, stats }: Described): string {
  const { server, topic, exchange, host, since, library, delivery, concurrency } = info;
  const slots = stats
    ? `, ${stats.concurrency.used} of ${counted(stats.concurrency.limit, 'slot')} used`
    : `, ${counted(concurrency, 'slot')}`;
  const lines = [
    `Server ${server} of ${topic}, exchange ${exchange}, on the machine ${host}`,
    `  ${library.name} ${library.version}, ${library.runtime}, since ${since}, ${delivery}${slots}`,
  ];
  const refused = Object.entries(stats?.refused ?? {}).map(([name, count]) => `${name} ${count}`);
  if (refused.length > 0) lines.push(`  refused: ${refused.join(', ')}`);
  if (stats?.overload) lines.push(`  ${overloadText(stats.overload)}`);
  const counts = new Map(stats?.methods.map((one) => [keyOf(one.name, one.version, one.namespace), one]));
  return `${lines.map((line) => `${oneLine(line, 1000)}\n`).join('')}${info.apis.map((api) => apiText(api, counts)).join('')}`;
}

function overloadText({ refusing, refused }: NonNullable<ServerStats['overload']>): string {
  const calls = `${counted(refused, 'call')} refused by load shedding`;
  return refusing ? `overloaded: refuses calls now; ${calls}` : calls;
}

const keyOf = (name: string, version: string, namespace: string | null): string =>
  JSON.stringify([name, version, namespace]);

function apiText(api: ApiInfo, counts: ReadonlyMap<string, MethodStats>): string {
  const [namespace = null] = api.namespaces;
  const name = namespace === null ? '' : `, namespace ${namespace}`;
  const rows = api.methods.map((method) => {
    const counted = counts.get(keyOf(method.name, api.version, namespace));
    return [`    ${signatureOf(method)}`, counted ? countsText(counted) : ''];
  });
  return `${oneLine(`  version ${api.version}${name}`, 1000)}\n${textTable(rows)}`;
}

/** Returns a method with its arguments, optional ones in brackets; `…` for arguments whose names are not known. */
function signatureOf({ name, arguments: args }: MethodInfo): string {
  const listed = args?.map((argument) => (argument.required ? argument.name : `[${argument.name}]`)).join(', ');
  return `${name}(${listed ?? '…'})`;
}

function countsText({ calls, errors, duration }: MethodStats): string {
  const failed = Object.entries(errors).map(([name, count]) => `${name} ${count}`);
  const times = duration ? `, p50 ${durationText(duration.p50 * 1000)}, p99 ${durationText(duration.p99 * 1000)}` : '';
  return `${counted(calls, 'request')}${failed.length > 0 ? `, failed: ${failed.join(', ')}` : ''}${times}`;
}
