import type { Priority } from '../core/notification.js';
import type { NotificationFilter } from './filter.js';

/** Results of a notification method. No result means handled. Source: oslo_messaging.NotificationResult. */
export const NotificationResult = {
  /** The notification is done. */
  HANDLED: 'handled',
  /** Deliver the notification again, where `allowRequeue` is set. */
  REQUEUE: 'requeue',
} as const;
/** Result of a notification method. */
export type NotificationResult = (typeof NotificationResult)[keyof typeof NotificationResult];

/** Return value of a notification method: a result, or nothing, which means handled. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is what a method without a result returns.
export type NotificationReturn = NotificationResult | void | undefined | null;

/** Id and time of a notification. */
export interface MessageMetadata {
  /** Message id, the same on every delivery. */
  readonly messageId: string | null;
  /** Time of sending, as Python writes it: `2026-11-23 21:34:12.263210`. */
  readonly timestamp: string | null;
}

/** Notification of a batch. */
export interface BatchedNotification {
  /** Deserialized request context. */
  readonly ctxt: unknown;
  /** Publisher, usually `<service>.<host>`. */
  readonly publisherId: string | null;
  /** Event type, such as `compute.instance.create.end`. */
  readonly eventType: string | null;
  /** Deserialized payload. */
  readonly payload: unknown;
  /** Message id and time. */
  readonly metadata: MessageMetadata;
}

/** Signatures of the methods of notification endpoints. */
// Methods, not functions: an endpoint may declare a narrower context or payload than `unknown`.
export interface NotificationMethods {
  /** Method for one notification. */
  one(
    ctxt: unknown,
    publisherId: string | null,
    eventType: string | null,
    payload: unknown,
    metadata: MessageMetadata,
  ): NotificationReturn | Promise<NotificationReturn>;
  /** Method for a batch of notifications. The result counts for all of them. */
  batch(notifications: readonly BatchedNotification[]): NotificationReturn | Promise<NotificationReturn>;
}

/** Filter of a notification endpoint. */
export interface FilteringEndpoint {
  /** Filter of the notifications. @default all notifications */
  readonly filterRule?: NotificationFilter | undefined;
}

/**
 * Notification endpoint: an object with methods named after priorities,
 * `info(ctxt, publisherId, eventType, payload, { messageId, timestamp })`. A method returns nothing or a
 * {@link NotificationResult}, or a promise of it.
 */
export type ListenerEndpoint = FilteringEndpoint & { readonly [P in Priority]?: NotificationMethods['one'] };

/** Notification endpoint for batches: `info(notifications)`. The result of a method counts for all of them. */
export type BatchListenerEndpoint = FilteringEndpoint & { readonly [P in Priority]?: NotificationMethods['batch'] };
