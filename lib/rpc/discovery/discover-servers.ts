import { Deadline } from '../../core/deadline.js';
import { type Duration, toMilliseconds } from '../../core/duration.js';
import { ConfigurationError, InvalidTarget, MessageUndeliverable, RemoteError } from '../../core/errors.js';
import { checkOptions, natural, type Rule, span } from '../../core/option-rules.js';
import { Target } from '../../core/target.js';
import { compareVersions } from '../../core/version.js';
import type { CollectReply } from '../../drivers/driver.js';
import { assertTransport, type Transport } from '../../messaging/transport.js';
import { sendCall } from '../outgoing-requests.js';
import { AnswerCollector } from './answer-collector.js';
import { INFO_METHOD, STATS_METHOD } from './discovery-methods.js';
import { readServerInfo, readServerStats } from './report-reader.js';
import type { ServerInfo, ServerStats } from './server-report.js';

/** Options of {@link discoverServers}. */
export interface DiscoverOptions {
  /** Time to wait for the answers of all servers, or of the one that is named. @default 2 */
  timeout?: Duration | undefined;
  /** Number of servers, where it is known: the wait ends with the last of their answers. @default unknown: the whole timeout */
  servers?: number | undefined;
}

const RULES: Record<keyof DiscoverOptions, Rule> = { timeout: span, servers: natural(1) };

/** Answers of the servers of a topic. */
export interface Discovery<T = ServerInfo> {
  /** Answers of the servers that have `rpcDiscoveryEnabled`, in the order of their names. */
  readonly servers: readonly T[];
  /**
   * Number of servers that answered that they do not know the method: servers in Python, older ones, and those without
   * `rpcDiscoveryEnabled`. They do not say their names.
   */
  readonly others: number;
}

/**
 * Asks the servers of a topic what they serve. All of them get the request, by fanout, and each answers; one server, where
 * the target names it. Servers that do not answer in time are missing. Servers in Python log a line for the unknown method.
 * @throws MessageDeliveryFailure where the broker cannot be reached; MessageUndeliverable or MessagingTimeout where the
 * target names a server that does not run; MessagingTimeout where nobody answered and the broker was away meanwhile;
 * ConfigurationError for an unknown or ill-typed option; InvalidTarget without a topic
 */
export function discoverServers(
  transport: Transport,
  target: Target,
  options: DiscoverOptions = {},
): Promise<Discovery> {
  return ask(transport, target, options, INFO_METHOD, readServerInfo);
}

/**
 * Asks the servers of a topic for the counts, errors and durations of their requests, as {@link discoverServers} asks what
 * they serve.
 * @throws as discoverServers
 */
export function discoverStats(
  transport: Transport,
  target: Target,
  options: DiscoverOptions = {},
): Promise<Discovery<ServerStats>> {
  return ask(transport, target, options, STATS_METHOD, readServerStats);
}

/**
 * Returns the highest version that all these servers implement, in the namespace and the major version of a target; without
 * its version, in the highest major version that they share. Undefined where they share none, or where there is none.
 */
export function commonVersion(servers: readonly ServerInfo[], target: Target = new Target()): string | undefined {
  const [first, ...others] = servers.map((server) => versionsOf(server, target));
  const shared = (first ?? []).flatMap((version) => {
    const [major] = version.split('.');
    const rivals = others.map((versions) => versions.find((other) => other.startsWith(`${major}.`)));
    return rivals.includes(undefined) ? [] : [lowest([version, ...(rivals as string[])])];
  });
  return shared[0];
}

/**
 * Asks the servers of a topic for the highest version that all of them implement, see {@link commonVersion}. Servers that do
 * not answer discovery do not count.
 * @throws as discoverServers
 */
export async function discoverVersion(
  transport: Transport,
  target: Target,
  options: DiscoverOptions = {},
): Promise<string | undefined> {
  const { servers } = await discoverServers(transport, target, options);
  return commonVersion(servers, target);
}

/** Returns the highest version of each major version that a server implements for a target, the highest first. */
export function versionsOf({ apis }: Pick<ServerInfo, 'apis'>, { namespace, version }: Target): string[] {
  const wanted = version?.split('.')[0];
  const highest = new Map<string, string>();
  for (const { namespaces, version: served } of apis) {
    const [major = ''] = served.split('.');
    if ((wanted !== undefined && major !== wanted) || !namespaces.includes(namespace ?? null)) continue;
    const known = highest.get(major);
    if (known === undefined || compareVersions(served, known) > 0) highest.set(major, served);
  }
  return [...highest.values()].sort((one, other) => compareVersions(other, one));
}

const lowest = (versions: readonly string[]): string =>
  versions.reduce((one, other) => (compareVersions(one, other) <= 0 ? one : other));

/** Asks the servers of a topic by a method of discovery, and reads their answers. @throws as discoverServers */
export async function ask<T extends { readonly server: string; readonly host: string }>(
  transport: Transport,
  target: Target,
  options: DiscoverOptions,
  method: string,
  read: (answer: unknown) => T | undefined,
  onAnswer?: (answer: T | undefined) => void,
): Promise<Discovery<T>> {
  assertTransport(transport);
  if (!(target instanceof Target)) throw new ConfigurationError('Expected a Target, such as new Target({ topic })');
  checkOptions(options, RULES, '', 'discovery option');
  if (target.topic === undefined) throw new InvalidTarget(`A topic is required: ${target}`, { target, method });
  // First, so that the time belongs to the servers.
  await transport.connect();
  const collector = new AnswerCollector(options.servers, read, onAnswer);
  await collect(transport, target, options, method, (reply) => collector.add(reply));
  collector.warn(transport.settings.logger, String(target));
  const servers = collector.kept;
  servers.sort((one, other) => (one.server < other.server ? -1 : 1));
  return { servers, others: collector.others };
}

async function collect(
  transport: Transport,
  { exchange, topic, server }: Target,
  { timeout = 2 }: DiscoverOptions,
  method: string,
  add: CollectReply,
): Promise<void> {
  const milliseconds = toMilliseconds(timeout, 'timeout');
  const isSole = server !== undefined;
  const target = new Target({ exchange, topic, server, fanout: !isSole });
  const request = { method, args: {}, namespace: undefined, version: undefined, context: {} };
  const options = {
    target,
    deadline: Deadline.after(milliseconds),
    timeout: milliseconds,
    retry: undefined,
    mandatory: true,
    callMonitorTimeout: undefined,
    collect: isSole ? undefined : add,
  };
  try {
    const result = await sendCall(transport, transport.outgoing, request, options);
    if (isSole) add({ result });
  } catch (error) {
    if (error instanceof RemoteError) add({ error });
    else if (isSole || !(error instanceof MessageUndeliverable)) throw error;
  }
}
