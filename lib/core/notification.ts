import type { Dict } from './dict.js';
import { InvalidMessage } from './errors.js';
import { stringifyJson } from './json.js';
import { packContext, unpackContext } from './packed-context.js';
import { readReplyAddress } from './reply-address.js';

/** Priorities, in the order of Python. */
export const PRIORITIES: readonly Priority[] = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'];

/** Priority of a notification. The endpoint's method of that name receives it. */
export type Priority = 'audit' | 'debug' | 'info' | 'warn' | 'error' | 'critical' | 'sample';

/** One notification, in either direction. Source: oslo_messaging.notify.notifier.Notifier. */
export interface Notification {
  /** Id of the notification (UUID); null when the sender gave none. */
  readonly messageId: string | null;
  /** Sender, usually `<service>.<host>`. */
  readonly publisherId: string | null;
  /** Type of the event, e.g. `vnf.create.end`. */
  readonly eventType: string | null;
  /** Priority, which is the last part of the routing key. */
  readonly priority: Priority;
  /** Content of the notification, serialized. */
  readonly payload: unknown;
  /** Time of sending in UTC, as Python writes it: `2026-01-31 12:00:00.000000`. */
  readonly timestamp: string | null;
  /** Request context in its serialized form. */
  readonly context: Dict;
  /** Id of one publish of the notification. Receivers drop duplicates by it. */
  readonly uniqueId: string | undefined;
}

/** Returns the topic of a queue of notifications, `<topic>.<priority>`; the name of the queue for that of a pool. */
export function topicOfQueue(queue: string, priority: Priority): string {
  const suffix = `.${priority}`;
  return queue.endsWith(suffix) ? queue.slice(0, -suffix.length) : queue;
}

/** Returns the message of a notification. */
export function notificationMessage(notification: Omit<Notification, 'uniqueId'>, uniqueId: string): Dict {
  const message: Dict = {
    message_id: notification.messageId,
    publisher_id: notification.publisherId,
    event_type: notification.eventType,
    priority: notification.priority.toUpperCase(),
    payload: notification.payload ?? null,
    timestamp: notification.timestamp,
    _unique_id: uniqueId,
  };
  return packContext(message, notification.context);
}

/**
 * Reads the notification in a message.
 * @throws InvalidMessage when a member has the wrong type, or the priority is unknown
 */
export function readNotification(message: Dict): Notification {
  return {
    messageId: textOf(message, 'message_id'),
    publisherId: textOf(message, 'publisher_id'),
    eventType: textOf(message, 'event_type'),
    priority: priorityOf(message['priority']),
    payload: message['payload'] ?? null,
    timestamp: textOf(message, 'timestamp'),
    context: unpackContext(message),
    uniqueId: readReplyAddress(message).uniqueId,
  };
}

function textOf(message: Dict, name: string): string | null {
  const value = message[name] ?? null;
  if (value !== null && typeof value !== 'string') {
    throw new InvalidMessage(`"${name}" of the notification is not a string but a ${typeof value}`);
  }
  return value;
}

function priorityOf(value: unknown): Priority {
  const priority = PRIORITIES.find((known) => typeof value === 'string' && value.toLowerCase() === known);
  if (!priority)
    throw new InvalidMessage(`The notification has no known priority but ${stringifyJson(value).slice(0, 40)}`);
  return priority;
}
