import type { Deadline } from '../core/deadline.js';
import type { Notification } from '../core/notification.js';

/** Notification to be sent, with topics, retries and deadline. */
export interface Announcement {
  readonly notification: Omit<Notification, 'uniqueId'>;
  readonly topics: readonly string[];
  readonly retry: number | undefined;
  readonly deadline: Deadline;
}

/** Way to send notifications. Source: oslo_messaging.notify.notifier.Driver. */
export interface NotifierDriver {
  /** Resolves when it is sent. */
  notify(announcement: Announcement): Promise<void>;
}

/** Waits for all promises, then rejects with the first failure. */
export async function allDone(sending: readonly Promise<void>[]): Promise<void> {
  if (sending.length === 1) return sending[0];
  const results = await Promise.allSettled(sending);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
