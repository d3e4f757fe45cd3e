import type { Notification } from '../core/notification.js';
import type { Transport } from '../messaging/transport.js';
import type { Announcement, NotifierDriver } from './notifier-driver.js';

/** What the driver `test` keeps of a notification. */
export interface RecordedNotification extends Omit<Notification, 'uniqueId'> {
  readonly topics: readonly string[];
  readonly retry: number | undefined;
}

/** The oldest go when there are more. */
const MOST_KEPT = 10_000;
const records = new WeakMap<Transport, RecordedNotification[]>();

/**
 * What notifiers with the driver `test` have sent on the transport, for your tests, the oldest first. The array is
 * live; `length = 0` empties it. Source: oslo_messaging.notify._impl_test.NOTIFICATIONS.
 */
export function recordedNotifications(transport: Transport): RecordedNotification[] {
  const recorded = records.get(transport) ?? [];
  records.set(transport, recorded);
  return recorded;
}

/** Sends nothing, and remembers it. */
export class TestDriver implements NotifierDriver {
  constructor(private readonly transport: Transport) {}

  async notify({ notification, topics, retry }: Announcement): Promise<void> {
    const recorded = recordedNotifications(this.transport);
    recorded.push({ ...notification, topics, retry });
    if (recorded.length > MOST_KEPT) recorded.shift();
  }
}
