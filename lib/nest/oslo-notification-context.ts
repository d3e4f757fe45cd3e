import type { Priority } from '../core/notification.js';
import { maskSecrets } from '../core/secrets.js';
import type { RequestContext } from '../messaging/request-context.js';
import { contextDict } from '../messaging/serializer.js';
import type { BatchedNotification, MessageMetadata } from '../notify/endpoint.js';
import { OsloContext } from './oslo-context.js';

/** What is known of a notification besides its payload. */
export interface NotificationDetails extends MessageMetadata {
  readonly priority: Priority;
  readonly eventType: string | null;
  readonly publisherId: string | null;
}

/** The `@Ctx()` of an `@OnNotification` method. */
export class OsloNotificationContext extends OsloContext<[BatchedNotification]> {
  /** @internal */
  constructor(
    private readonly notification: BatchedNotification,
    private readonly priority: Priority,
    signal: AbortSignal,
  ) {
    super([notification], signal);
  }

  getPriority(): Priority {
    return this.priority;
  }

  getEventType(): string | null {
    return this.notification.eventType;
  }

  getPublisherId(): string | null {
    return this.notification.publisherId;
  }

  /** The same on every delivery. */
  getMessageId(): string | null {
    return this.notification.metadata.messageId;
  }

  /** When it was sent, as Python writes times. */
  getTimestamp(): string | null {
    return this.notification.metadata.timestamp;
  }

  /** All of the above, as `@NotificationMetadata()` gives it. */
  getMetadata(): NotificationDetails {
    const { eventType, publisherId, metadata } = this.notification;
    return { ...metadata, eventType, publisherId, priority: this.priority };
  }

  override getRequestContext<T = RequestContext>(): T {
    return this.notification.ctxt as T;
  }

  /** @internal */
  override get subject(): object {
    return this.notification;
  }

  override toJSON(): object {
    return { ...this.getMetadata(), context: maskSecrets(contextDict(this.notification.ctxt)) };
  }
}

/** The `@Ctx()` of an `@OnNotification({ batch })` method; all that it lists is in the order of the payloads. */
export class OsloNotificationBatchContext extends OsloContext<OsloNotificationContext[]> {
  /** @internal */
  constructor(
    private readonly notifications: readonly OsloNotificationContext[],
    signal: AbortSignal,
  ) {
    super([...notifications], signal);
  }

  getNotifications(): readonly OsloNotificationContext[] {
    return this.notifications;
  }

  getMetadata(): NotificationDetails[] {
    return this.notifications.map((notification) => notification.getMetadata());
  }

  /** The array of the notifications' request contexts. */
  override getRequestContext<T = RequestContext[]>(): T {
    return this.notifications.map((notification) => notification.getRequestContext()) as T;
  }

  /** @internal It belongs to no request. */
  override getCurrentRequestContext(): undefined {
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
