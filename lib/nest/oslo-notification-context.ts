import type { Priority } from '../core/notification.js';
import { maskSecrets } from '../core/secrets.js';
import type { HandledNotification } from '../messaging/current-request.js';
import type { RequestContext } from '../messaging/request-context.js';
import { contextDict } from '../messaging/serializer.js';
import type { BatchedNotification, MessageMetadata } from '../notify/endpoint.js';
import { inCommon } from '../notify/handled.js';
import { OsloContext } from './oslo-context.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Fields of a notification besides its payload. */
export interface NotificationDetails extends MessageMetadata {
  /** Priority of the notification. */
  readonly priority: Priority;
  /** Event type, such as `compute.instance.create.end`. */
  readonly eventType: string | null;
  /** Publisher, usually `<service>.<host>`. */
  readonly publisherId: string | null;
}

/** Context (`@Ctx()`) of an `@OnNotification` method. */
@sharedNestClass('OsloNotificationContext')
export class OsloNotificationContext extends OsloContext<[BatchedNotification]> {
  /** @internal */
  constructor(
    private readonly notification: BatchedNotification,
    private readonly priority: Priority,
    private readonly signal: AbortSignal,
    private readonly fields: HandledNotification,
  ) {
    super([notification]);
  }

  /** @internal */
  override get handled(): HandledNotification {
    return this.fields;
  }

  /** Returns the priority. */
  getPriority(): Priority {
    return this.priority;
  }

  /** Returns the event type, such as `compute.instance.create.end`. */
  getEventType(): string | null {
    return this.notification.eventType;
  }

  /** Returns the publisher, usually `<service>.<host>`. */
  getPublisherId(): string | null {
    return this.notification.publisherId;
  }

  /** Returns the message id, which is the same on every delivery. */
  getMessageId(): string | null {
    return this.notification.metadata.messageId;
  }

  /** Returns the time of sending, as Python writes it: `2026-11-23 21:34:12.263210`. */
  getTimestamp(): string | null {
    return this.notification.metadata.timestamp;
  }

  /** Returns all of the above, as `@NotificationMetadata()` does. */
  getMetadata(): NotificationDetails {
    const { eventType, publisherId, metadata } = this.notification;
    return { ...metadata, eventType, publisherId, priority: this.priority };
  }

  override getRequestContext<T = RequestContext>(): T {
    return this.notification.ctxt as T;
  }

  /** Returns a signal that is aborted, with a `ServerStopped`, when the server stops waiting for its handlers. */
  override getSignal(): AbortSignal {
    return this.signal;
  }

  /** @internal */
  override get subject(): object {
    return this.notification;
  }

  override toJSON(): object {
    return { ...this.getMetadata(), context: maskSecrets(contextDict(this.notification.ctxt)) };
  }
}

/** Context (`@Ctx()`) of an `@OnNotification({ batch })` method. Its lists have the order of the payloads. */
@sharedNestClass('OsloNotificationBatchContext')
export class OsloNotificationBatchContext extends OsloContext<OsloNotificationContext[]> {
  /** @internal */
  constructor(
    private readonly notifications: readonly OsloNotificationContext[],
    private readonly signal: AbortSignal,
  ) {
    super([...notifications]);
  }

  /** Returns the contexts of the notifications. */
  getNotifications(): readonly OsloNotificationContext[] {
    return this.notifications;
  }

  /** Returns the details of the notifications. */
  getMetadata(): NotificationDetails[] {
    return this.notifications.map((notification) => notification.getMetadata());
  }

  /** Returns the request contexts of the notifications. */
  override getRequestContext<T = RequestContext[]>(): T {
    return this.notifications.map((notification) => notification.getRequestContext()) as T;
  }

  /** Returns a signal that is aborted, with a `ServerStopped`, when the server stops waiting for its handlers. */
  override getSignal(): AbortSignal {
    return this.signal;
  }

  /** @internal */
  override get handled(): HandledNotification | undefined {
    return inCommon(this.notifications.map(({ handled }) => handled));
  }

  /** @internal Undefined: a batch belongs to no request. */
  override readContext(): undefined {
    return undefined;
  }

  /** @internal */
  override get subject(): object {
    return this.notifications[0]?.subject ?? this;
  }

  override toJSON(): object {
    return this.notifications.map((notification) => notification.toJSON());
  }
}
