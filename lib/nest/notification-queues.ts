import { ConfigurationError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import type { NotificationHandler } from '../notify/handler.js';
import type { NotificationEndpointOptions } from './notification-decorators.js';

/** Source of one listener: the queues of a topic, one for each priority, or the queue of a pool. */
export interface NotificationQueue {
  readonly exchange: string;
  readonly topics: readonly string[];
  readonly pool: string | undefined;
  readonly handlers: NotificationHandler[];
  /** Largest number of notifications in incomplete batches of the handlers. */
  held: number;
}

/**
 * Queues that the endpoints of an application read. Endpoints with a common queue share one listener: each notification
 * of a queue goes to one listener only.
 */
export class NotificationQueues {
  private readonly queues = new Map<string, NotificationQueue>();

  constructor(private readonly settings: Pick<Settings, 'controlExchange' | 'notificationTopics'>) {}

  /** Adds a handler to the queues of its endpoint. @throws ConfigurationError */
  add(handler: NotificationHandler, endpoint: NotificationEndpointOptions, held: number): void {
    const { pool, exchange = this.settings.controlExchange } = endpoint;
    if (pool !== undefined && (typeof pool !== 'string' || pool === ''))
      throw new ConfigurationError(`${handler.name}: pool: expected a non-empty string; got ${JSON.stringify(pool)}`);
    const topics = this.topicsOf(handler.name, endpoint);
    for (const read of pool === undefined ? topics.map((topic) => [topic]) : [topics]) {
      const queue = this.queue(handler.name, exchange, read, pool);
      queue.handlers.push(handler);
      queue.held += held;
    }
  }

  all(): NotificationQueue[] {
    return [...this.queues.values()];
  }

  private topicsOf(name: string, { topics = this.settings.notificationTopics }: NotificationEndpointOptions): string[] {
    if (!Array.isArray(topics) || topics.length === 0 || topics.some((topic) => typeof topic !== 'string' || !topic))
      throw new ConfigurationError(`${name}: topics: expected an array of names; got ${JSON.stringify(topics)}`);
    return [...new Set<string>(topics)].sort();
  }

  private queue(name: string, exchange: string, topics: string[], pool: string | undefined): NotificationQueue {
    const key = pool === undefined ? `the topic "${topics}"` : `the pool "${pool}"`;
    const queue = this.queues.get(key) ?? { exchange, topics, pool, handlers: [], held: 0 };
    this.queues.set(key, queue);
    if (queue.exchange !== exchange || String(queue.topics) !== String(topics)) {
      const [before, now] = [queue, { exchange, topics }].map((it) => `${it.exchange}: ${it.topics.join(', ')}`);
      throw new ConfigurationError(
        `${name}: ${key} stands for "${before}" already, not for "${now}". Its queue cannot tell them apart: use another pool`,
      );
    }
    return queue;
  }
}
