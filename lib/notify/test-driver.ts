import type { Notification } from '../core/notification.js';
import type { Announcement, NotifierDriver } from '../core/notification-driver.js';
import { shared } from '../core/shared.js';
import type { Transport } from '../messaging/transport.js';

/** Notification that the driver `test` has recorded. */
export interface RecordedNotification extends Omit<Notification, 'uniqueId'> {
  /** Topics of the notifier. */
  readonly topics: readonly string[];
  /** Number of retries of the notifier. */
  readonly retry: number | undefined;
}

/** Number of recorded notifications. Beyond it, the oldest are dropped. */
const MAX_RECORDED = 10_000;
const records = shared('recorded notifications', () => new WeakMap<Transport, RecordedNotification[]>());

/**
 * Returns the notifications that the driver `test` has recorded for a transport, the oldest first and at most 10,000. For
 * tests. The array is live; `length = 0` empties it. Source: oslo_messaging.notify._impl_test.NOTIFICATIONS.
 */
export function recordedNotifications(transport: Transport): RecordedNotification[] {
  const recorded = records.get(transport) ?? [];
  records.set(transport, recorded);
  return recorded;
}

/** Driver that records notifications instead of sending them. */
export class TestDriver implements NotifierDriver {
  constructor(private readonly transport: Transport) {}

  async notify({ notification, topics, retry }: Announcement): Promise<void> {
    const recorded = recordedNotifications(this.transport);
    recorded.push({ ...notification, topics, retry });
    if (recorded.length > MAX_RECORDED) recorded.shift();
  }
}
