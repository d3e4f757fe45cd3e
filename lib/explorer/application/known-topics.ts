import { LIBRARY_VERSION } from '../../internal.js';
import type { OsloServer } from '../../internal-nest.js';
import type { AskedTopic } from '../asked-topics.js';
import { countedApis } from '../counted-apis.js';
import { apisOf } from '../method-views.js';
import type { MethodStatsView, ServerView, TopicView } from '../protocol.js';
import { MAX_TOPICS, type QueuesByTopic, topicKey } from '../topic-facts.js';
import type { CountedMethod, MethodCounts } from '../traffic/method-statistics.js';
import type { ApplicationTopics, KnownTopic } from './application-topics.js';

/** Everything that topics are shown from. */
export interface TopicSources {
  readonly known: ApplicationTopics;
  /** Counts of all methods that were received or sent. */
  readonly counted: readonly MethodCounts[];
  readonly servers: readonly OsloServer[];
  readonly started: number;
  readonly asked: ReadonlyMap<string, AskedTopic>;
  readonly queues: QueuesByTopic;
}

/** Returns the topics that the application serves, and after them those that it calls. */
export function topicViews(sources: TopicSources): TopicView[] {
  const { known, counted } = sources;
  const topics = known.topics.map((topic) => knownTopic(topic, sources));
  const keys = new Set(topics.map(topicKey));
  const called = new Map<string, MethodCounts[]>();
  for (const counts of counted) {
    const key = topicKey(counts.of);
    if (counts.of.direction === 'out' && !keys.has(key)) called.set(key, [...(called.get(key) ?? []), counts]);
  }
  const others = [...called.values()].map((counts) => calledTopic(counts, sources));
  return [...topics, ...others].sort((one, other) => Number(other.own) - Number(one.own)).slice(0, MAX_TOPICS);
}

function knownTopic({ broker, exchange, topic, own, methods }: KnownTopic, sources: TopicSources): TopicView {
  const { known, counted, servers, asked, queues } = sources;
  const direction = own ? 'in' : 'out';
  const ofTopic = counted.filter(
    ({ of }) => of.direction === direction && of.exchange === exchange && of.topic === topic,
  );
  const stats = (namespace: string | null, version: string, method: string): MethodStatsView | null => {
    const isSame = ({ of }: { of: CountedMethod }) => of.namespace === namespace && of.method === method;
    // A client sends the version that introduced the method, a server counts by its own.
    const counts = ofTopic.find((one) => isSame(one) && (!own || (one.of.version ?? '1.0') === version));
    return counts?.view() ?? null;
  };
  const answers = asked.get(topicKey({ exchange, topic }));
  const apis = apisOf(methods, known.book, stats);
  const ownServers = own
    ? servers.filter(({ name }) => name === broker).map((server) => serverView(server, sources))
    : [];
  return {
    exchange,
    topic,
    transport: broker ?? null,
    own,
    servers: merged(ownServers, answers?.servers ?? []),
    others: answers?.others ?? 0,
    apis: apis.length > 0 ? apis : (answers?.apis ?? []),
    queues: queues.get(topic) ?? [],
  };
}

/** Returns a topic of which only the calls are known. */
function calledTopic(counts: readonly MethodCounts[], { asked, queues }: TopicSources): TopicView {
  const { exchange = '', topic = '' } = counts[0]?.of ?? {};
  const answers = asked.get(topicKey({ exchange, topic }));
  return {
    exchange,
    topic,
    transport: null,
    own: false,
    servers: answers?.servers ?? [],
    others: answers?.others ?? 0,
    apis: countedApis(answers?.apis ?? [], counts),
    queues: queues.get(topic) ?? [],
  };
}

function serverView({ phase, transports }: OsloServer, { started }: TopicSources): ServerView {
  const { inWork, slots } = transports.rpc.health();
  return {
    name: transports.rpc.settings.host,
    state: STATES[phase] ?? 'serving',
    library: 'nestjs-oslo-messaging',
    version: LIBRARY_VERSION,
    runtime: `Node.js ${process.versions.node}`,
    host: null,
    since: started,
    lastSeen: Date.now(),
    slots: { used: inWork, limit: slots },
  };
}

const STATES: Readonly<Record<string, ServerView['state']>> = {
  idle: 'starting',
  connecting: 'starting',
  closed: 'closed',
};

function merged(own: readonly ServerView[], found: readonly ServerView[]): ServerView[] {
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...found.filter(({ name }) => !names.has(name))];
}
