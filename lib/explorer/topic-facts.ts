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

/** Returns true for a queue of a topic: its own, that of a server, or of a fanout. */
export function belongsTo(queue: string, topic: string): boolean {
  return queue === topic || queue.startsWith(`${topic}.`) || queue.startsWith(`${topic}_fanout`);
}

/** Counts of queues, from the management API. @throws Error when the API cannot be asked */
export async function countQueues(options: OsloMessagingOptions, topics: readonly string[]): Promise<QueueView[]> {
  const given = normalizeOptions(options);
  const url = parseTransportUrl(given.transportUrl.expose());
  const settings = withUrlOptions(given, url);
  const { managementUrl } = settings.rabbit;
  if (managementUrl === undefined) return [];
  const management = new ManagementStatus(managementUrl, url, settings);
  const found = await Promise.all(topics.map((topic) => management.queuesOf(topic)));
  return found.flat().map(({ name, ready, unacknowledged, consumers }) => ({ name, ready, unacknowledged, consumers }));
}

/** Key of a topic on its exchange. */
export const topicKey = ({ exchange, topic }: Pick<TopicView, 'exchange' | 'topic'>): string =>
  JSON.stringify([exchange, topic]);
