import { type Duration, readDuration } from '../core/duration.js';
import { ConfigurationError, InvalidTarget, ServerListenError, toError } from '../core/errors.js';
import { PRIORITIES } from '../core/notification.js';
import { checkNames } from '../core/option-rules.js';
import { checkedSerializer } from '../core/serializer.js';
import type { Settings } from '../core/settings.js';
import { sharedClass } from '../core/shared.js';
import { Target } from '../core/target.js';
import type { Listener, ReceiveNotifications, Subscription } from '../drivers/driver.js';
import { checkEndpoints } from '../messaging/endpoints.js';
import { MessageHandlingServer } from '../messaging/message-handling-server.js';
import { NoOpSerializer, type Serializer } from '../messaging/serializer.js';
import { assertTransport, type Transport } from '../messaging/transport.js';
import { NotificationDispatcher } from './dispatcher.js';
import type { BatchListenerEndpoint, ListenerEndpoint } from './endpoint.js';
import { NotificationFilter } from './filter.js';
import { handlersOf, watchingOf } from './handler.js';

/** Options of a notification listener. */
export interface NotificationListenerOptions {
  /** Serializer of request context and payload. @default NoOpSerializer */
  serializer?: Serializer | undefined;
  /**
   * Name of a queue that receives a copy of every notification, shared by the listeners of the pool. It exists from the
   * start of the pool's first listener on. @default none: all listeners of a target share its notifications
   */
  pool?: string | undefined;
  /** Deliver a notification again to an endpoint that throws or returns `NotificationResult.REQUEUE`. @default false */
  allowRequeue?: boolean | undefined;
}

/** Options of a listener with batches. With either option, the methods of the endpoints take arrays. */
export interface BatchListenerOptions extends NotificationListenerOptions {
  /** Largest number of notifications in a batch: 1 to 65535. @default the `concurrency` option */
  batchSize?: number | undefined;
  /** Time that an incomplete batch waits from its first notification on, in seconds or with a unit. @default until it is complete */
  batchTimeout?: Duration | undefined;
}

const OPTIONS: readonly (keyof BatchListenerOptions)[] = [
  'serializer',
  'pool',
  'allowRequeue',
  'batchSize',
  'batchTimeout',
];

/** Options of a listener without batches. */
export type SingleListenerOptions = NotificationListenerOptions & {
  /** Absent: with it, the listener takes {@link BatchListenerOptions}. */
  batchSize?: undefined;
  /** Absent: with it, the listener takes {@link BatchListenerOptions}. */
  batchTimeout?: undefined;
};

/** Listener that dispatches the notifications of its targets to endpoints. Source: oslo_messaging.notify.listener.NotificationServer. */
@sharedClass('NotificationListener')
export class NotificationListener extends MessageHandlingServer {
  /** @internal */
  constructor(
    transport: Transport,
    private readonly subscription: Subscription,
    private readonly dispatcher: NotificationDispatcher,
  ) {
    super(transport);
  }

  /** @internal */
  protected override async listen(signal: AbortSignal): Promise<Listener> {
    try {
      const receive: ReceiveNotifications = (batch) => this.dispatcher.dispatch(batch);
      return await this.transport.driver.listenForNotifications(this.subscription, receive, signal);
    } catch (error) {
      const keys = this.subscription.sources.map(({ key }) => key).join(', ');
      throw new ServerListenError(`Cannot listen for notifications on ${keys}: ${toError(error).message}`, {
        cause: error,
      });
    }
  }
}

/**
 * Makes a listener of endpoints, whose methods are named after priorities. It consumes after `start()`. Source:
 * oslo_messaging.get_notification_listener.
 * @param targets topics, with exchanges where they differ from `controlExchange`
 * @param endpoints objects with methods named after priorities, such as `info`
 * @throws ConfigurationError for an unknown or ill-typed option or endpoint, InvalidTarget for a target without topic
 */
export function getNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly ListenerEndpoint[],
  options?: SingleListenerOptions,
): NotificationListener;
export function getNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly BatchListenerEndpoint[],
  options: BatchListenerOptions,
): NotificationListener;
export function getNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly (ListenerEndpoint | BatchListenerEndpoint)[],
  options: BatchListenerOptions = {},
): NotificationListener {
  const { batchSize, batchTimeout } = options;
  const batch = (batchSize ?? batchTimeout ?? undefined) !== undefined;
  return createListener(transport, targets, endpoints, options, batch);
}

/**
 * Makes a listener with batches: the methods of the endpoints take arrays of
 * `{ ctxt, publisherId, eventType, payload, metadata }`. Source: oslo_messaging.get_batch_notification_listener.
 * @param targets topics, with exchanges where they differ from `controlExchange`
 * @param endpoints objects with methods named after priorities, such as `info`
 * @throws ConfigurationError for an unknown or ill-typed option or endpoint, InvalidTarget for a target without topic
 */
export function getBatchNotificationListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly BatchListenerEndpoint[],
  options: BatchListenerOptions = {},
): NotificationListener {
  return createListener(transport, targets, endpoints, options, true);
}

function createListener(
  transport: Transport,
  targets: readonly Target[],
  endpoints: readonly (ListenerEndpoint | BatchListenerEndpoint)[],
  given: BatchListenerOptions,
  batch: boolean,
): NotificationListener {
  assertTransport(transport);
  checkNames(given, OPTIONS, 'listener option');
  const { serializer: givenSerializer, allowRequeue = false, ...options } = given;
  const serializer = checkedSerializer(givenSerializer) ?? new NoOpSerializer();
  const { settings } = transport;
  checkEndpoints(endpoints);
  for (const endpoint of endpoints) checkFilter(endpoint);
  const watching = watchingOf(transport);
  const handlers = endpoints.flatMap((endpoint) => handlersOf(endpoint, { allowRequeue, batch, watching }));
  if (handlers.length === 0)
    throw new ConfigurationError(`No endpoint has a method named after a priority: ${PRIORITIES.join(', ')}`);
  const dispatcher = new NotificationDispatcher(handlers, serializer, settings.logger);
  const sources = sourcesOf(targets, dispatcher.priorities, settings.controlExchange);
  const { pool } = options;
  if (pool !== undefined && pool !== null && (typeof pool !== 'string' || pool === ''))
    throw new ConfigurationError(`pool: expected a non-empty string; got ${JSON.stringify(pool)}`);
  const subscription = { sources, pool: pool ?? undefined, ...batching(options, batch, settings) };
  return new NotificationListener(transport, subscription, dispatcher);
}

function checkFilter(endpoint: object): void {
  const filter = 'filterRule' in endpoint ? endpoint.filterRule : undefined;
  if (filter !== undefined && filter !== null && !(filter instanceof NotificationFilter))
    throw new ConfigurationError(`${endpoint.constructor?.name}.filterRule: expected a NotificationFilter`);
}

function sourcesOf(targets: readonly Target[], priorities: readonly string[], controlExchange: string) {
  if (!Array.isArray(targets) || targets.length === 0)
    throw new ConfigurationError('A notification listener needs at least one target');
  const sources = targets.flatMap((target: unknown) => {
    if (!(target instanceof Target))
      throw new ConfigurationError('Listener: expected targets, such as new Target({ topic })');
    const { topic, exchange = controlExchange } = target;
    if (topic === undefined) throw new InvalidTarget(`A topic is required: ${target}`, { target });
    return priorities.map((priority) => ({ exchange, key: `${topic}.${priority}` }));
  });
  // A target may be given twice.
  return [...new Map(sources.map((source) => [`${source.exchange}\n${source.key}`, source])).values()];
}

function batching(
  { batchSize, batchTimeout }: BatchListenerOptions,
  batch: boolean,
  { concurrency, logger }: Pick<Settings, 'concurrency' | 'logger'>,
) {
  if (!batch) return { batchSize: 1, batchTimeout: undefined, concurrency };
  const size = batchSize ?? concurrency;
  if (!Number.isInteger(size) || size < 1 || size > 65_535)
    throw new ConfigurationError(`batchSize: expected an integer from 1 to 65535; got ${JSON.stringify(batchSize)}`);
  return {
    batchSize: size,
    batchTimeout: batchTimeout == null ? undefined : readDuration(batchTimeout, 'batchTimeout', logger),
    // As many notifications at a time as without batches, but at least one batch.
    concurrency: Math.max(1, Math.floor(concurrency / size)),
  };
}
