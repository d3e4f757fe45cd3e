import { LIBRARY_VERSION } from '../../internal.js';
import type { OsloServer } from '../../internal-nest.js';
import type { AskedTopic } from '../asked-topics.js';
import { apisOf } from '../method-views.js';
import type { ApiView, MethodStatsView, MethodView, QueueView, ServerView, TopicView } from '../protocol.js';
import { belongsTo, topicKey } from '../topic-facts.js';
import type { CountedMethod, MethodCounts } from '../traffic/method-statistics.js';
import type { ApplicationTopics, KnownTopic } from './application-topics.js';

/** Maximum number of topics that are shown. */
const MAX_TOPICS = 200;

/** Everything that topics are shown from. */
export interface TopicSources {
  readonly known: ApplicationTopics;
  /** Counts of all methods that were received or sent. */
  readonly counted: readonly MethodCounts[];
  readonly servers: readonly OsloServer[];
  readonly started: number;
  readonly asked: ReadonlyMap<string, AskedTopic>;
  readonly queues: readonly QueueView[];
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
    apis: apis.length > 0 ? withArguments(apis, answers?.apis ?? []) : (answers?.apis ?? []),
    queues: queues.filter(({ name }) => belongsTo(name, topic)),
  };
}

/** Adds the arguments that servers tell to the methods of contracts without schemas. */
function withArguments(apis: readonly ApiView[], told: readonly ApiView[]): ApiView[] {
  return apis.map((api) => {
    const methods = told.filter(({ namespace }) => namespace === api.namespace).flatMap((one) => one.methods);
    return {
      ...api,
      methods: api.methods.map((method) => {
        const found = method.args === null ? methods.find(({ name }) => name === method.name) : undefined;
        return found ? { ...method, args: found.args, example: found.example } : method;
      }),
    };
  });
}

/** Returns a topic of which only the calls are known. */
function calledTopic(counts: readonly MethodCounts[], { asked, queues }: TopicSources): TopicView {
  const { exchange = '', topic = '' } = counts[0]?.of ?? {};
  const answers = asked.get(topicKey({ exchange, topic }));
  const apis = new Map<string, ApiView & { methods: MethodView[] }>();
  for (const one of counts) {
    const { namespace, version: sent, method } = one.of;
    const version = sent ?? '1.0';
    const key = JSON.stringify([namespace, version]);
    const api = apis.get(key) ?? { namespace, version, methods: [] };
    apis.set(key, api);
    api.methods.push({ ...UNKNOWN, name: method, since: version, stats: one.view() });
  }
  return {
    exchange,
    topic,
    transport: null,
    own: false,
    servers: answers?.servers ?? [],
    others: answers?.others ?? 0,
    apis: answers && answers.apis.length > 0 ? withStats(answers.apis, counts) : [...apis.values()],
    queues: queues.filter(({ name }) => belongsTo(name, topic)),
  };
}

function withStats(apis: readonly ApiView[], counts: readonly MethodCounts[]): ApiView[] {
  return apis.map((api) => ({
    ...api,
    methods: api.methods.map((method) => {
      const found = counts.find(({ of }) => of.method === method.name && of.namespace === api.namespace);
      return { ...method, stats: found?.view() ?? null };
    }),
  }));
}

const UNKNOWN = {
  kind: 'either',
  fanout: false,
  toServer: false,
  args: null,
  result: null,
  example: {},
  doc: null,
  handler: null,
} as const;

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
