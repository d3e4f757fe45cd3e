import type { Deadline } from '../core/deadline.js';
import type { Notification } from '../core/notification.js';

/** A notification on its way out, and how hard to try. */
export interface Announcement {
  readonly notification: Omit<Notification, 'uniqueId'>;
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly deadline: Deadline;
}

/** One way to send notifications. Source: oslo_messaging.notify.notifier.Driver. */
export interface NotifierDriver {
  /** Resolves when it is sent. */
  notify(announcement: Announcement): Promise<void>;
}

/** Waits for all, then rejects with the first failure. */
export async function allDone(sending: readonly Promise<void>[]): Promise<void> {
  if (sending.length === 1) return sending[0];
  const results = await Promise.allSettled(sending);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
