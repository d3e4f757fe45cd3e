import type { Priority } from '../core/notification.js';
import type { NotificationFilter } from './filter.js';

/** What an endpoint says of a notification; nothing means handled. Source: oslo_messaging.NotificationResult. */
export const NotificationResult = { HANDLED: 'handled', REQUEUE: 'requeue' } as const;
export type NotificationResult = (typeof NotificationResult)[keyof typeof NotificationResult];

/** Value that a handler of notifications may return: a result, or nothing, which means handled. */
// biome-ignore lint/suspicious/noConfusingVoidType: it is what a method without a result returns.
export type NotificationReturn = NotificationResult | void | undefined | null;

/** Which notification it is, and when it was sent (as Python writes times). */
export interface MessageMetadata {
  readonly messageId: string | null;
  readonly timestamp: string | null;
}

/** One notification of a batch. */
export interface BatchedNotification {
  readonly ctxt: unknown;
  readonly publisherId: string | null;
  readonly eventType: string | null;
  readonly payload: unknown;
  readonly metadata: MessageMetadata;
}

/** Signatures of the methods of notification endpoints. */
// Methods, not functions: an endpoint may declare a narrower context or payload than `unknown`.
export interface NotificationMethods {
  one(
    ctxt: unknown,
    publisherId: string | null,
    eventType: string | null,
    payload: unknown,
    metadata: MessageMetadata,
  ): NotificationReturn | Promise<NotificationReturn>;
  batch(notifications: readonly BatchedNotification[]): NotificationReturn | Promise<NotificationReturn>;
}

/** Filter of a notification endpoint. */
export interface FilteringEndpoint {
  /** Notifications that do not match are not for this endpoint. */
  readonly filterRule?: NotificationFilter | undefined;
}

/**
 * What takes notifications, by priority: `info(ctxt, publisherId, eventType, payload, { messageId, timestamp })`.
 * A method returns nothing or a {@link NotificationResult}, or a promise of it.
 */
export type ListenerEndpoint = FilteringEndpoint & { readonly [P in Priority]?: NotificationMethods['one'] };

/** What takes batches of notifications, by priority; what a method returns counts for all that it was given. */
export type BatchListenerEndpoint = FilteringEndpoint & { readonly [P in Priority]?: NotificationMethods['batch'] };
