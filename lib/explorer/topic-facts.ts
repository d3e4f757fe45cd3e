import {
  ManagementStatus,
  normalizeOptions,
  type OsloMessagingOptions,
  parseTransportUrl,
  type ServerInfo,
  withUrlOptions,
} from '../internal.js';
import type { QueueView, ServerView, TopicView } from './protocol.js';

/** Returns a server that has answered discovery. */
export function discoveredServer({ server, host, since, library }: ServerInfo): ServerView {
  const started = Date.parse(since);
  return {
    name: server,
    state: 'serving',
    library: library.name,
    version: library.version,
    runtime: library.runtime,
    host,
    since: Number.isNaN(started) ? null : started,
    lastSeen: Date.now(),
    slots: null,
  };
}

/** Maximum number of topics that are shown. */
export const MAX_TOPICS = 200;
/** Number of topics from which all queues are read at once, instead of those of each topic. */
const MANY_TOPICS = 20;
/** Maximum number of queues that are read at once. */
const MAX_QUEUES = 5000;
/** Maximum number of queues of a topic that are shown. */
const MAX_QUEUES_OF_TOPIC = 50;

/** Queues of topics. */
export type QueuesByTopic = ReadonlyMap<string, readonly QueueView[]>;

/** Groups queues by their topics: its own, those of its servers, and of fanouts. Leaves out those of other topics. */
export function queuesByTopic(queues: readonly QueueView[], topics: Iterable<string>): QueuesByTopic {
  const found = new Map<string, QueueView[]>([...topics].map((topic) => [topic, []]));
  for (const queue of queues)
    for (const topic of topicsOf(queue.name)) {
      const ofTopic = found.get(topic);
      if (ofTopic && ofTopic.length < MAX_QUEUES_OF_TOPIC) ofTopic.push(queue);
    }
  return found;
}

/** Returns the topics that a queue can belong to, by its name. */
function topicsOf(queue: string): string[] {
  const ends = [...queue.matchAll(/\.|_fanout/g)].map(({ index }) => queue.slice(0, index));
  return [...new Set([queue, ...ends])];
}

/** Counts of queues, from the management API. @throws Error when the API cannot be asked */
export async function countQueues(options: OsloMessagingOptions, topics: readonly string[]): Promise<QueueView[]> {
  const given = normalizeOptions(options);
  const url = parseTransportUrl(given.transportUrl.expose());
  const settings = withUrlOptions(given, url);
  const { managementUrl } = settings.rabbit;
  if (managementUrl === undefined) return [];
  const management = new ManagementStatus(managementUrl, url, settings);
  const found =
    topics.length > MANY_TOPICS
      ? await management.queues(MAX_QUEUES)
      : (await Promise.all(topics.map((topic) => management.queuesOf(topic)))).flat();
  return found.map(({ name, ready, unacknowledged, consumers }) => ({ name, ready, unacknowledged, consumers }));
}

/** Key of a topic on its exchange. */
export const topicKey = ({ exchange, topic }: Pick<TopicView, 'exchange' | 'topic'>): string =>
  JSON.stringify([exchange, topic]);
