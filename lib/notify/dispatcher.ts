import { ConfigurationError, toError } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';
import { PRIORITIES, type Priority } from '../core/notification.js';
import type { IncomingNotification } from '../drivers/driver.js';
import { runWithRequestContext } from '../rpc/current-request.js';
import { contextDict, type Serializer } from '../rpc/serializer.js';
import {
  type BatchedNotification,
  type BatchListenerEndpoint,
  type ListenerEndpoint,
  NotificationResult,
} from './endpoint.js';
import { NotificationFilter } from './filter.js';

/** One method of one endpoint. */
interface Handler {
  readonly name: string;
  readonly filter: NotificationFilter | undefined;
  handle(messages: readonly BatchedNotification[]): unknown;
}

interface Item {
  readonly incoming: IncomingNotification;
  /** Undefined when it could not be deserialized. */
  message: BatchedNotification | undefined;
  /** Why it must be delivered again. */
  refusal: string | undefined;
}

/** How a dispatcher treats what it gets. */
export interface DispatcherOptions {
  readonly serializer: Serializer;
  readonly allowRequeue: boolean;
  /** Methods take an array of notifications. */
  readonly batch: boolean;
  readonly logger: LogSink;
}

/**
 * Hands notifications to the endpoints that have a method for the priority and no filter against them, one endpoint
 * after the other. An endpoint that fails does not keep a notification from the others, and one that has finished
 * it does not get it again when it is requeued for another.
 */
export class NotificationDispatcher {
  private readonly handlers = new Map<Priority, Handler[]>();

  /** @throws ConfigurationError */
  constructor(
    endpoints: readonly (ListenerEndpoint | BatchListenerEndpoint)[],
    private readonly options: DispatcherOptions,
  ) {
    for (const endpoint of endpoints) this.add(endpoint);
    if (this.handlers.size === 0) {
      throw new ConfigurationError(`No endpoint has a method named after a priority: ${PRIORITIES.join(', ')}`);
    }
  }

  /** The priorities that any endpoint takes. */
  get priorities(): Priority[] {
    return PRIORITIES.filter((priority) => this.handlers.has(priority));
  }

  /** What a driver calls with what has arrived. */
  async dispatch(batch: readonly IncomingNotification[]): Promise<(string | undefined)[]> {
    const items = batch.map((incoming) => this.read(incoming));
    for (const priority of PRIORITIES) {
      const group = items.filter(({ incoming }) => incoming.notification.priority === priority);
      for (const handler of this.handlers.get(priority) ?? []) await this.handle(handler, group);
    }
    return items.map(({ refusal }) => (this.options.allowRequeue ? refusal : undefined));
  }

  private add(endpoint: ListenerEndpoint | BatchListenerEndpoint): void {
    if (typeof endpoint !== 'object' || endpoint === null)
      throw new ConfigurationError(`An endpoint must be an object; got ${String(endpoint)}`);
    const filter = endpoint.filterRule ?? undefined;
    const name = endpoint.constructor?.name ?? 'an endpoint';
    if (filter !== undefined && !(filter instanceof NotificationFilter))
      throw new ConfigurationError(`${name}.filterRule: expected a NotificationFilter`);
    for (const priority of PRIORITIES) {
      const method: unknown = endpoint[priority];
      if (typeof method !== 'function') continue;
      const call = (args: unknown[]): unknown => Reflect.apply(method, endpoint, args);
      const handle = (messages: readonly BatchedNotification[]) =>
        this.options.batch
          ? call([messages])
          : runWithRequestContext(messages[0]?.ctxt, () => call(positional(messages)));
      const handlers = this.handlers.get(priority) ?? [];
      this.handlers.set(priority, [...handlers, { name: `${name}.${priority}`, filter, handle }]);
    }
  }

  private read(incoming: IncomingNotification): Item {
    const { context, publisherId, eventType, payload, messageId, timestamp } = incoming.notification;
    const item: Item = { incoming, message: undefined, refusal: undefined };
    const { serializer } = this.options;
    try {
      const ctxt = serializer.deserializeContext(context);
      const entity = serializer.deserializeEntity(ctxt, payload);
      item.message = { ctxt, publisherId, eventType, payload: entity, metadata: { messageId, timestamp } };
    } catch (error) {
      this.fail([item], 'it could not be deserialized', error);
    }
    return item;
  }

  private async handle(handler: Handler, group: readonly Item[]): Promise<void> {
    const items = group.filter(
      ({ incoming, message }) => message && !incoming.finishedBy.has(handler) && passes(handler.filter, message),
    );
    const messages = items.flatMap(({ message }) => message ?? []);
    if (messages.length === 0) return;
    try {
      const result = await handler.handle(messages);
      if (result === NotificationResult.REQUEUE) refuse(items, `${handler.name} asked for it again`);
      else for (const { incoming } of items) incoming.finishedBy.add(handler);
    } catch (error) {
      this.fail(items, `${handler.name} failed`, error);
    }
  }

  private fail(items: readonly Item[], what: string, thrown: unknown): void {
    const error = toError(thrown);
    const types = [...new Set(items.map(({ incoming }) => incoming.notification.eventType))].join(', ');
    this.options.logger.error(
      `Notification ${oneLine(types, 200)}: ${what}: ${oneLine(error.stack ?? error.message, 4000)}`,
    );
    refuse(items, `${what}: ${error.message}`);
  }
}

function refuse(items: readonly Item[], reason: string): void {
  for (const item of items) item.refusal ??= reason;
}

function passes(filter: NotificationFilter | undefined, message: BatchedNotification): boolean {
  if (!filter) return true;
  const { ctxt, publisherId, eventType, payload, metadata } = message;
  // Python's spelling too.
  const both = { ...metadata, message_id: metadata.messageId };
  return filter.match({ context: contextDict(ctxt), publisherId, eventType, payload, metadata: both });
}

function positional([message]: readonly BatchedNotification[]): unknown[] {
  return message ? [message.ctxt, message.publisherId, message.eventType, message.payload, message.metadata] : [];
}
