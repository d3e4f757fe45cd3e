import type { Deadline } from './deadline.js';
import type { Notification } from './notification.js';
import { oneOrMore, type Rule, withMethods } from './option-rules.js';

/** Notification to send by a {@link NotifierDriver}. */
export interface Announcement {
  /** Notification, without the id of its publish. */
  readonly notification: Omit<Notification, 'uniqueId'>;
  /** Topics to send it to. */
  readonly topics: readonly string[];
  /** Number of reconnection attempts: 0 for none, undefined or −1 for any number until the deadline. */
  readonly retry: number | undefined;
  /** Time by which it must be sent. */
  readonly deadline: Deadline;
  /** Headers of AMQP to send besides those of the library. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Way to send notifications. Implement it to send them elsewhere. Source: oslo_messaging.notify.notifier.Driver. */
export interface NotifierDriver {
  /** Sends a notification. Resolves when it is sent; rejects when that fails. */
  notify(announcement: Announcement): Promise<void>;
}

/** Names of the built-in drivers. */
export const NOTIFICATION_DRIVERS: readonly NotificationDriver[] = [
  'messaging',
  'messagingv2',
  'routing',
  'log',
  'test',
  'noop',
];

/**
 * Name of a built-in driver. `messagingv2` publishes in an envelope, `messaging` without one (for old listeners), `log`
 * writes to the logger, `routing` chooses other drivers by rules, `test` records, `noop` does nothing.
 */
export type NotificationDriver = 'messaging' | 'messagingv2' | 'routing' | 'log' | 'test' | 'noop';

const driverObject = withMethods('a driver', ['notify']);

/** Accepts the name of a built-in driver, a driver object, or an array of these. */
export const notificationDrivers: Rule = oneOrMore((value, name) => {
  if (NOTIFICATION_DRIVERS.some((known) => known === value) || driverObject(value, name) === undefined)
    return undefined;
  return `one of ${NOTIFICATION_DRIVERS.join(', ')}, ${driverObject(undefined, name)}`;
});
