import type { Dict } from './dict.js';
import { InvalidMessage } from './errors.js';
import { stringifyJson } from './json.js';
import { packContext, unpackContext } from './packed-context.js';
import { readReplyAddress } from './reply-address.js';

/** The priorities, in Python's order. */
export const PRIORITIES = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'] as const;

/** How urgent a notification is; an endpoint's method of that name takes it. */
export type Priority = (typeof PRIORITIES)[number];

/** One notification, in either direction. Source: oslo_messaging.notify.notifier.Notifier. */
export interface Notification {
  readonly messageId: string | null;
  readonly publisherId: string | null;
  readonly eventType: string | null;
  readonly priority: Priority;
  readonly payload: unknown;
  readonly timestamp: string | null;
  /** The request context, as the serializer made it. */
  readonly context: Dict;
  /** Fresh for each publish; receivers drop what they have finished. */
  readonly uniqueId: string | undefined;
}

/** What is sent for a notification. */
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

/** @throws InvalidMessage when a member has the wrong type, or the priority is unknown */
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
