import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Notification } from '../../core/notification.js';
import type { Delivery } from './delivery.js';

/** Time for which the history of a failed notification is kept, in milliseconds. */
const HISTORY_TTL_MS = 10 * 60_000;

/** Deliveries of one notification so far. */
export interface History {
  /** Key that finds the history again, even for a notification without a `_unique_id`. */
  readonly key: string;
  deliveries: number;
  /** Handlers that finished with the notification. */
  readonly finishedBy: Set<unknown>;
}

/** Histories of notifications that were returned to their queues, by `_unique_id` or, without one, by a hash of the body. */
export class NotificationHistory {
  private readonly failed: LRUCache<string, History>;

  /** @param max number of histories kept; the least recently used are dropped */
  constructor(max: number) {
    this.failed = new LRUCache({ max, ttl: HISTORY_TTL_MS, ttlResolution: 1000 });
  }

  /** Returns the history of a notification, with this delivery counted. */
  begin({ uniqueId }: Notification, delivery: Delivery): History {
    const key = uniqueId ?? createHash('sha256').update(delivery.body).digest('base64');
    // A message that was moved back from the dead-letter queue is no redelivery, and starts with a fresh history.
    const known = delivery.repeated ? this.failed.get(key) : undefined;
    if (!known && uniqueId !== undefined) this.forget(key);
    const history = known ?? { key, deliveries: 0, finishedBy: new Set() };
    history.deliveries = Math.max(history.deliveries, delivery.returns) + 1;
    return history;
  }

  /** Keeps the history of a notification that is returned to its queue. */
  keep(history: History): void {
    this.failed.set(history.key, history);
  }

  /** Drops the history of a notification that is finished. */
  forget(key: string): void {
    if (this.failed.size > 0) this.failed.delete(key);
  }
}
