import type { MessageHandler } from '@nestjs/microservices';
import { readDuration } from '../core/duration.js';
import { ConfigurationError } from '../core/errors.js';
import { PRIORITIES, type Priority } from '../core/notification.js';
import type { Settings } from '../core/settings.js';
import type { Serializer } from '../messaging/serializer.js';
import type { Transport } from '../messaging/transport.js';
import { NotificationDispatcher } from '../notify/dispatcher.js';
import type { BatchedNotification } from '../notify/endpoint.js';
import { type Filtered, NotificationFilter } from '../notify/filter.js';
import { globToRegExp } from '../notify/glob.js';
import { handledOf } from '../notify/handled.js';
import {
  type ArrivedNotification,
  type NotificationHandler,
  runHandler,
  type Watching,
  watchingOf,
} from '../notify/handler.js';
import { NotificationListener } from '../notify/listener.js';
import { BatchGatherer } from './batch-gatherer.js';
import { allowLogEvents, LOG_EVENTS, suppressLogEvents } from './log-suppression.js';
import type { NotificationHandlerExtras, OnNotificationOptions } from './notification-decorators.js';
import { NotificationQueues } from './notification-queues.js';
import type { OsloContext } from './oslo-context.js';
import { OsloNotificationBatchContext, OsloNotificationContext } from './oslo-notification-context.js';

/** Runs a handler through Nest's pipeline. */
export type Invoke = (callback: MessageHandler, data: unknown, context: OsloContext) => Promise<unknown>;

type Registration = NonNullable<NotificationHandlerExtras['osloNotification']> & { readonly callback: MessageHandler };

interface Received {
  readonly message: BatchedNotification;
  readonly arrived: ArrivedNotification;
}

/** The `@OnNotification` methods of an application, and the listeners that serve them. */
export class NotificationHandlers {
  private readonly registrations: Registration[] = [];
  private readonly gatherers: BatchGatherer<Received, unknown>[] = [];

  constructor(
    private readonly invoke: Invoke,
    private readonly signal: AbortSignal,
  ) {}

  get size(): number {
    return this.registrations.length;
  }

  add(registration: Registration): void {
    this.registrations.push(registration);
  }

  /** @throws ConfigurationError */
  listeners(transport: Transport, serializer: Serializer): NotificationListener[] {
    const { settings } = transport;
    const queues = new NotificationQueues(settings);
    const watching = watchingOf(transport);
    // Handlers of single notifications run before those that wait for a batch.
    const ordered = [...this.registrations].sort((a, b) => Number(!!a.method.batch) - Number(!!b.method.batch));
    for (const registration of ordered) {
      const { endpoint, method } = registration;
      queues.add(this.handler(registration, settings, watching), endpoint, method.batch?.size ?? 0);
    }
    return queues.all().map(({ exchange, topics, pool, handlers, held }) => {
      const dispatcher = new NotificationDispatcher(handlers, serializer, settings.logger);
      const sources = topics.flatMap((topic) =>
        dispatcher.priorities.map((priority) => ({ exchange, key: `${topic}.${priority}` })),
      );
      // Incomplete batches must not use up the concurrency that completes them.
      const concurrency = settings.concurrency + held;
      const onFull = (full: boolean) => {
        for (const gatherer of this.gatherers) gatherer.press(full);
      };
      const subscription = { sources, pool, concurrency, batchSize: 1, batchTimeout: undefined, onFull };
      return new NotificationListener(transport, subscription, dispatcher);
    });
  }

  /** Handles incomplete batches. Call it after the listeners have stopped consuming. */
  closeBatches(graceful: boolean): void {
    for (const gatherer of this.gatherers) gatherer.close(graceful);
  }

  private handler(
    registration: Registration,
    settings: Pick<Settings, 'rabbit' | 'logger'>,
    watching: Watching,
  ): NotificationHandler {
    const { name, endpoint, method, callback } = registration;
    const run = (received: readonly Received[], data: unknown, context: OsloContext) => {
      const messages = received.map(({ message }) => message);
      const handled = { handler: name, arrived: received.map(({ arrived }) => arrived) };
      const work = () => runHandler(watching, handled, messages, () => this.invoke(callback, data, context));
      return messages.some(isLogLine) ? suppressLogEvents(work) : allowLogEvents(work);
    };
    const contextOf = ({ message, arrived }: Received) =>
      new OsloNotificationContext(message, arrived.notification.priority, this.signal, handledOf(arrived));
    const one = (received: Received) => run([received], received.message.payload, contextOf(received));
    const many = (received: readonly Received[]) =>
      run(
        received,
        received.map(({ message }) => message.payload),
        new OsloNotificationBatchContext(received.map(contextOf), this.signal),
      );
    const gatherer = this.gatherer(name, method, settings, many);
    return {
      name,
      priorities: prioritiesOf(name, method),
      filter: filterOf(registration),
      allowRequeue: endpoint.allowRequeue ?? false,
      handle: ([message], [arrived]) => {
        if (!message || !arrived) return undefined;
        const received = { message, arrived };
        return gatherer ? gatherer.add(received) : one(received);
      },
    };
  }

  private gatherer(
    name: string,
    { batch }: OnNotificationOptions,
    { rabbit, logger }: Pick<Settings, 'rabbit' | 'logger'>,
    handle: (received: readonly Received[]) => Promise<unknown>,
  ): BatchGatherer<Received, unknown> | undefined {
    if (!batch) return undefined;
    const { size, timeout } = batch;
    if (!Number.isInteger(size) || size < 1 || size > 32_767)
      throw new ConfigurationError(`${name}: batch.size: expected an integer from 1 to 32767; got ${size}`);
    const milliseconds = timeout === undefined ? undefined : readDuration(timeout, `${name}: batch.timeout`, logger);
    const gatherer = new BatchGatherer(Math.min(size, rabbit.prefetch || size), milliseconds, handle);
    this.gatherers.push(gatherer);
    return gatherer;
  }
}

function prioritiesOf(name: string, { priority = PRIORITIES }: OnNotificationOptions): readonly Priority[] {
  const priorities = typeof priority === 'string' ? [priority] : priority;
  if (!Array.isArray(priorities) || priorities.length === 0 || priorities.some((one) => !PRIORITIES.includes(one))) {
    throw new ConfigurationError(
      `${name}: priority: expected one or several of ${PRIORITIES.join(', ')}; got ${JSON.stringify(priority)}`,
    );
  }
  return priorities;
}

function filterOf({ name, endpoint, method }: Registration): NotificationHandler['filter'] {
  const { filter } = endpoint;
  const ofClass =
    filter === undefined || filter instanceof NotificationFilter ? filter : new NotificationFilter(filter);
  const types = [method.eventType ?? []].flat().map((type: unknown) => eventFilter(name, type));
  if (types.length === 0) return ofClass;
  return {
    match: (notification: Filtered) =>
      (ofClass?.match(notification) ?? true) && types.some((type) => type.match(notification)),
  };
}

function eventFilter(name: string, type: unknown): NotificationFilter {
  if (typeof type !== 'string' && !(type instanceof RegExp)) {
    throw new ConfigurationError(
      `${name}: eventType: expected text, a regular expression, or an array of them; got ${JSON.stringify(type)}`,
    );
  }
  return new NotificationFilter({ eventType: typeof type === 'string' ? globToRegExp(type) : type });
}

function isLogLine({ eventType }: BatchedNotification): boolean {
  return eventType === LOG_EVENTS.error || eventType === LOG_EVENTS.record;
}
