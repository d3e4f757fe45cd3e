import {
  Counters,
  type Deadline,
  discoverServers,
  findRpcTopics,
  ManagementApi,
  MessageUndeliverable,
  MessagingTimeout,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  RabbitConnection,
  type RpcTopic,
  type ServerInfo,
  Target,
  type Transport,
  withUrlOptions,
} from '../internal.js';
import { QueueDepths } from './queue-depths.js';

/** Number of topics, or servers, that are asked at the same time. */
const AT_ONCE = 10;

/**
 * State of a server: it answered discovery; it answered that it does not know the method; it did not answer in time; its
 * queue has no consumer.
 */
export type ServerState = 'answered' | 'Python or older' | 'no answer' | 'not running';

/** Server of a topic. */
export interface SurveyedServer {
  readonly server: string;
  readonly state: ServerState;
  readonly info: ServerInfo | null;
}

/** Servers of a topic. */
export interface SurveyedTopic {
  readonly topic: string;
  readonly exchange: string;
  readonly servers: readonly SurveyedServer[];
  /** Number of servers that do not know discovery and whose names are not known. */
  readonly unnamed: number;
}

/** Reads the topics of RPC and their servers from the management API. @throws Error when the API cannot be asked */
export async function topicsAt(options: OsloMessagingOptions): Promise<RpcTopic[]> {
  const settings = normalizeOptions(options);
  const { managementUrl } = settings.rabbit;
  if (managementUrl === undefined) return [];
  const api = new ManagementApi(managementUrl, parseTransportUrl(settings.transportUrl.expose()), settings);
  const [bindings, consumers] = await Promise.all([api.allBindings(), api.allConsumers()]);
  return findRpcTopics(bindings, consumers);
}

/**
 * Returns the topics with the state of each server from the broker itself: the management API shows a server that has just
 * started as stopped. Servers about which the broker says nothing in time keep theirs.
 */
export async function withExactServers(
  topics: readonly RpcTopic[],
  options: OsloMessagingOptions,
  deadline: Deadline,
): Promise<RpcTopic[]> {
  const given = normalizeOptions(options);
  const url = parseTransportUrl(given.transportUrl.expose());
  const context = { settings: withUrlOptions(given, url), counters: new Counters() };
  const connection = new RabbitConnection(url, context, 'queues');
  const queueOf = ({ topic }: RpcTopic, server: string) => `${topic}.${server}`;
  try {
    const names = topics.flatMap((one) => one.servers.map(({ server }) => queueOf(one, server)));
    const depths = await new QueueDepths(connection, deadline).all(names);
    return topics.map((one) => ({
      ...one,
      servers: one.servers.map(({ server, isRunning }) => {
        const name = queueOf(one, server);
        return { server, isRunning: depths.has(name) ? (depths.get(name)?.consumers ?? 0) > 0 : isRunning };
      }),
    }));
  } finally {
    void connection.close();
  }
}

/** Surveys several topics. Keeps their order. */
export function surveyAll(
  transport: Transport,
  topics: readonly RpcTopic[],
  timeout: number,
): Promise<SurveyedTopic[]> {
  return inTurns(topics, (topic) => survey(transport, topic, timeout));
}

/** Asks all servers of a topic, and those by name that are known and have not answered. */
async function survey(
  transport: Transport,
  { topic, exchange, servers }: RpcTopic,
  timeout: number,
): Promise<SurveyedTopic> {
  const running = servers.filter(({ isRunning }) => isRunning).map(({ server }) => server);
  const target = new Target({ topic, exchange });
  // Nobody would answer where all servers are known and stopped.
  const found =
    servers.length > 0 && running.length === 0
      ? { servers: [], others: 0 }
      : await discoverServers(transport, target, { timeout, servers: running.length || undefined });
  const answered = found.servers.map((info) => ({ server: info.server, state: 'answered' as const, info }));
  const names = new Set(answered.map(({ server }) => server));
  const missing = running.filter((server) => !names.has(server));
  const idle = servers.filter(({ server, isRunning }) => !isRunning && !names.has(server));
  // Where as many have answered as are missing, no server needs to be asked again.
  const others: SurveyedServer[] =
    missing.length === found.others
      ? missing.map((server) => ({ server, state: 'Python or older', info: null }))
      : await inTurns(missing, (server) => surveyOne(transport, target, server, timeout));
  const all: SurveyedServer[] = [
    ...answered,
    ...others,
    ...idle.map(({ server }) => ({ server, state: 'not running' as const, info: null })),
  ];
  all.sort((one, other) => (one.server < other.server ? -1 : 1));
  return { topic, exchange, servers: all, unnamed: servers.length > 0 ? 0 : found.others };
}

/**
 * Surveys one server by its name.
 * @throws MessagingTimeout where it does not answer, MessageUndeliverable where it does not run
 */
export async function surveyServer(transport: Transport, target: Target, timeout: number): Promise<SurveyedTopic> {
  const { topic = '', exchange = '', server = '' } = target;
  const { servers } = await discoverServers(transport, target, { timeout });
  const info = servers[0] ?? null;
  return { topic, exchange, servers: [{ server, state: info ? 'answered' : 'Python or older', info }], unnamed: 0 };
}

/**
 * Groups the servers of a topic by the exchanges that they report: a fanout reaches those of all exchanges. Servers that do not
 * say their exchange are with the asked one where a server reports it, or none reports any; else with the first.
 */
export function byExchange({ topic, exchange: asked, servers, unnamed }: SurveyedTopic): SurveyedTopic[] {
  const reported = [...new Set(servers.flatMap(({ info }) => (info ? [info.exchange] : [])))].sort();
  const [first = asked] = reported;
  const unknown = reported.includes(asked) ? asked : first;
  return [...new Set([unknown, ...reported])].map((exchange) => ({
    topic,
    exchange,
    servers: servers.filter(({ info }) => (info ? info.exchange : unknown) === exchange),
    unnamed: exchange === unknown ? unnamed : 0,
  }));
}

/** Surveys one server of several. */
async function surveyOne(
  transport: Transport,
  target: Target,
  server: string,
  timeout: number,
): Promise<SurveyedServer> {
  const silent = (state: ServerState): SurveyedServer => ({ server, state, info: null });
  try {
    const { servers } = await surveyServer(transport, target.with({ server }), timeout);
    return servers[0] ?? silent('no answer');
  } catch (error) {
    if (error instanceof MessagingTimeout) return silent('no answer');
    if (error instanceof MessageUndeliverable) return silent('not running');
    throw error;
  }
}

async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let index = 0; index < items.length; index += AT_ONCE)
    results.push(...(await Promise.all(items.slice(index, index + AT_ONCE).map(work))));
  return results;
}
