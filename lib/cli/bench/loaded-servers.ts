import {
  counted,
  discoverServers,
  discoverStats,
  MessageUndeliverable,
  oneLine,
  type ServerInfo,
  Target,
  type Transport,
} from '../../internal.js';
import { DEMONSTRATION_NAMESPACE } from '../serve/demonstration-namespace.js';
import type { BenchPlan } from './bench-plan.js';

/** Longest time to find the servers, in seconds. */
const MAX_SEARCH = 2;

/** Servers that a load would reach. */
export interface LoadedServers {
  /** Servers that say their names. */
  readonly known: readonly ServerInfo[];
  /** Number of those that do not: in Python, older, or without discovery. */
  readonly others: number;
}

type Addressed = Pick<BenchPlan, 'topic' | 'exchange' | 'server' | 'timeout'>;

/** Finds the servers of a load. Busy ones may be missing. @throws MessageUndeliverable, MessagingTimeout for a server that is named */
export async function findServers(transport: Transport, plan: Addressed): Promise<LoadedServers> {
  const { topic, exchange, server } = plan;
  const timeout = server === undefined ? Math.min(MAX_SEARCH, plan.timeout) : plan.timeout;
  const found = await discoverServers(transport, new Target({ topic, exchange, server }), { timeout });
  // A question reaches the servers of a topic on all exchanges.
  const known = found.servers.filter((info) => info.exchange === exchange);
  return { known, others: found.others };
}

/** Returns the error for a queue that nobody consumes. */
export function nobody({ topic, exchange }: Addressed, queue: string): MessageUndeliverable {
  return new MessageUndeliverable(
    `Nobody consumes the queue "${queue}" of the topic "${topic}" on the exchange "${exchange}". Start a server: oslo-rpc serve --topic ${topic}`,
  );
}

/** Returns true where all servers are demonstration servers. */
export function areDemonstration({ known, others }: LoadedServers): boolean {
  return known.length > 0 && others === 0 && known.every(isDemonstration);
}

/** Returns the servers for a question to the user. */
export function describeServers({ known, others }: LoadedServers): string {
  const names = known.filter((info) => !isDemonstration(info)).map(({ server }) => server);
  const parts = [
    ...(names.length > 0 ? [names.join(', ')] : []),
    ...(others > 0 ? [`${counted(others, 'server')} in Python or without discovery`] : []),
  ];
  return oneLine(parts.join(' and '), 300);
}

function isDemonstration({ apis }: ServerInfo): boolean {
  return apis.some(({ namespaces }) => namespaces.includes(DEMONSTRATION_NAMESPACE));
}

/** Returns the number of requests for the method that the known servers have handled; undefined where one of them does not say. */
export async function handledCount(
  transport: Transport,
  { known, others }: LoadedServers,
  plan: Addressed & Pick<BenchPlan, 'method' | 'namespace'>,
): Promise<number | undefined> {
  if (known.length === 0 || others > 0) return undefined;
  const { topic, exchange, server, method, namespace = null } = plan;
  const timeout = Math.min(MAX_SEARCH, plan.timeout);
  const names = new Set(known.map((info) => info.server));
  const target = new Target({ topic, exchange, server: server ?? (known.length === 1 ? known[0]?.server : undefined) });
  const { servers } = await discoverStats(transport, target, { timeout, servers: known.length });
  const asked = servers.filter((stats) => names.has(stats.server) && stats.exchange === exchange);
  if (asked.length < known.length) return undefined;
  return asked
    .flatMap(({ methods }) => methods)
    .filter((stats) => stats.name === method && stats.namespace === namespace)
    .reduce((sum, { calls }) => sum + calls, 0);
}
