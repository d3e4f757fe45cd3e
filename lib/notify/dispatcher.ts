import { logAbout } from '../core/log-subject.js';
import type { LogSink } from '../core/logger.js';
import { PRIORITIES, type Priority } from '../core/notification.js';
import { loggedMessage } from '../core/thrown.js';
import type { IncomingNotification } from '../drivers/driver.js';
import { contextDict, type Serializer } from '../messaging/serializer.js';
import { type BatchedNotification, NotificationResult } from './endpoint.js';
import { logFailure, type NotificationHandler, withoutSecretsOf } from './handler.js';

interface Item {
  readonly incoming: IncomingNotification;
  /** Undefined when it could not be deserialized. */
  message: BatchedNotification | undefined;
  /** Reason for delivering it again; undefined where it is finished. */
  refusal: string | undefined;
}

/**
 * Dispatches notifications to the handlers of their priority whose filter matches, one handler after the other. The other
 * handlers run when one fails. A handler that has finished a notification does not get it again when it is requeued for
 * another handler.
 */
export class NotificationDispatcher {
  private readonly byPriority: ReadonlyMap<Priority, readonly NotificationHandler[]>;

  constructor(
    private readonly handlers: readonly NotificationHandler[],
    private readonly serializer: Serializer,
    private readonly logger: LogSink,
  ) {
    const handlersFor = (priority: Priority) => handlers.filter(({ priorities }) => priorities.includes(priority));
    this.byPriority = new Map(PRIORITIES.map((priority) => [priority, handlersFor(priority)]));
  }

  /** Priorities that have a handler. */
  get priorities(): Priority[] {
    return PRIORITIES.filter((priority) => this.byPriority.get(priority)?.length);
  }

  /** Dispatches a batch. @returns for each notification the reason for delivering it again, or undefined */
  async dispatch(batch: readonly IncomingNotification[]): Promise<(string | undefined)[]> {
    const items = batch.map((incoming) => this.read(incoming));
    for (const priority of new Set(batch.map(({ notification }) => notification.priority))) {
      const group = items.filter(({ incoming }) => incoming.notification.priority === priority);
      for (const handler of this.byPriority.get(priority) ?? []) await this.handle(handler, group);
    }
    return items.map(({ refusal }) => refusal);
  }

  private read(incoming: IncomingNotification): Item {
    const { context, publisherId, eventType, payload, messageId, timestamp } = incoming.notification;
    const item: Item = { incoming, message: undefined, refusal: undefined };
    try {
      const ctxt = this.serializer.deserializeContext(context);
      const entity = this.serializer.deserializeEntity(ctxt, payload);
      item.message = { ctxt, publisherId, eventType, payload: entity, metadata: { messageId, timestamp } };
    } catch (error) {
      incoming.failed?.(error);
      const reason = `it could not be deserialized: ${withoutSecretsOf([incoming.notification], loggedMessage(error))}`;
      const what = 'it could not be deserialized';
      logFailure(this.logger, [incoming.notification], [incoming], what, error, logAbout);
      if (this.handlers.some(({ allowRequeue }) => allowRequeue)) item.refusal = reason;
    }
    return item;
  }

  private async handle(handler: NotificationHandler, group: readonly Item[]): Promise<void> {
    const items = group.filter(
      ({ incoming, message }) => message && !incoming.finishedBy.has(handler) && passes(handler.filter, message),
    );
    const messages = items.flatMap(({ message }) => message ?? []);
    if (messages.length === 0) return;
    let refusal: string | undefined;
    try {
      const arrived = items.map(({ incoming }) => incoming);
      const result = await handler.handle(messages, arrived);
      if (result === NotificationResult.REQUEUE) refusal = `${handler.name} returned NotificationResult.REQUEUE`;
    } catch (error) {
      for (const { incoming } of items) incoming.failed?.(error);
      const failed = items.map(({ incoming }) => incoming.notification);
      refusal = `${handler.name} failed: ${withoutSecretsOf(failed, loggedMessage(error))}`;
    }
    for (const item of items) {
      if (refusal === undefined || !handler.allowRequeue) item.incoming.finishedBy.add(handler);
      else item.refusal ??= refusal;
    }
  }
}

function passes(filter: NotificationHandler['filter'], message: BatchedNotification): boolean {
  if (!filter) return true;
  const { ctxt, publisherId, eventType, payload, metadata } = message;
  // Filters may use Python's name of the key.
  const both = { ...metadata, message_id: metadata.messageId };
  return filter.match({ context: contextDict(ctxt), publisherId, eventType, payload, metadata: both });
}
