import { randomUUID } from 'node:crypto';
import { Deadline } from '../core/deadline.js';
import { type Duration, readDuration } from '../core/duration.js';
import { ConfigurationError } from '../core/errors.js';
import { forgottenAwait, nameOf } from '../core/given.js';
import type { Priority } from '../core/notification.js';
import {
  type Announcement,
  type NotificationDriver,
  type NotifierDriver,
  notificationDrivers,
} from '../core/notification-driver.js';
import { checkNames, checkOptions, checkRetry } from '../core/option-rules.js';
import type { RoutingConfig } from '../core/routing-config.js';
import { checkedSerializer } from '../core/serializer.js';
import { sharedClass } from '../core/shared.js';
import { withCallers } from '../messaging/caller-stack.js';
import { getCurrentRequestContext, runApart } from '../messaging/current-request.js';
import { NoOpSerializer, type Serializer } from '../messaging/serializer.js';
import { assertTransport, type Transport } from '../messaging/transport.js';
import { announce } from './announce.js';
import { LogDriver } from './log-driver.js';
import { MessagingDriver } from './messaging-driver.js';
import { allDone } from './notifier-driver.js';
import { RoutingDriver } from './routing-driver.js';
import { safeContext } from './safe-context.js';
import { TestDriver } from './test-driver.js';

/** Options of a {@link Notifier}. */
export interface NotifierOptions {
  /** Publisher of the notifications, usually `<service>.<host>`. @default none */
  publisherId?: string | undefined;
  /** Drivers, by name or as objects. Several all send. @default the `notificationDriver` option */
  driver?: NotificationDriver | NotifierDriver | readonly (NotificationDriver | NotifierDriver)[] | undefined;
  /** Topics that are published to. @default the `notificationTopics` option */
  topics?: readonly string[] | undefined;
  /** Serializer of request context and payload. @default NoOpSerializer */
  serializer?: Serializer | undefined;
  /** Number of retries of connecting: 0 for none, −1 for any number until the timeout. @default the `notificationRetry` option */
  retry?: number | undefined;
  /** Longest time to send a notification, in seconds or with a unit. @default the `rpcResponseTimeout` option */
  timeout?: Duration | undefined;
  /** Rules of the driver `routing`. @default the `notificationRouting` option */
  routing?: string | RoutingConfig | undefined;
  /** Part of the request context that is sent: `safe` for the keys without secrets, `whole` for all keys. @default the `notificationContext` option */
  context?: 'safe' | 'whole' | undefined;
}

const OPTIONS: readonly (keyof NotifierOptions)[] = [
  'publisherId',
  'driver',
  'topics',
  'serializer',
  'retry',
  'timeout',
  'routing',
  'context',
];

/** Returns the current time in the form of Python's `str(timeutils.utcnow())`. */
function timestamp(): string {
  const iso = new Date().toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000`;
}

/**
 * Publishes notifications. A method resolves when every driver has sent to every topic; on a broker, when it is confirmed.
 * It rejects with MessageDeliveryFailure when that takes longer than the timeout (Python logs it), and with
 * ClientSendError for a payload that is too large or no JSON. Source: oslo_messaging.Notifier.
 */
@sharedClass('Notifier')
export class Notifier {
  private readonly serializer: Serializer;
  private readonly topics: readonly string[];
  private readonly timeout: number;
  /** Drivers by name; an object given as a driver is its own key. */
  private readonly drivers: ReadonlyMap<NotificationDriver | NotifierDriver, NotifierDriver>;

  /** @throws ConfigurationError for an unknown or ill-typed option */
  constructor(transport: Transport, options?: NotifierOptions);
  /** @internal */
  constructor(
    transport: Transport,
    options?: NotifierOptions,
    drivers?: ReadonlyMap<NotificationDriver | NotifierDriver, NotifierDriver>,
  );
  constructor(
    private readonly transport: Transport,
    private readonly options: NotifierOptions = {},
    drivers?: ReadonlyMap<NotificationDriver | NotifierDriver, NotifierDriver>,
  ) {
    assertTransport(transport);
    const { settings } = transport;
    checkNames(options, OPTIONS, 'notifier option');
    checkRetry(options.retry);
    this.serializer = checkedSerializer(options.serializer) ?? new NoOpSerializer();
    this.topics = options.topics ?? settings.notificationTopics;
    this.timeout =
      options.timeout == null ? settings.rpcResponseTimeout : readDuration(options.timeout, 'timeout', settings.logger);
    const driver = options.driver ?? settings.notificationDriver;
    this.drivers = drivers ?? makeDrivers([driver].flat(), transport, options.routing);
  }

  /** Returns a notifier with options changed. The notifier stays unchanged. @throws ConfigurationError for an ill-typed option */
  prepare(changes: Pick<NotifierOptions, 'publisherId' | 'retry' | 'timeout'>): Notifier {
    return new Notifier(this.transport, { ...this.options, ...changes }, this.drivers);
  }

  /** Returns false where the only driver is `noop`. */
  isEnabled(): boolean {
    return [...this.drivers.keys()].some((name) => name !== 'noop');
  }

  /** Publishes with priority audit. @param ctxt request context. Default: the context of the request that is being handled */
  audit(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('audit', ctxt, eventType, payload);
  }

  /** Publishes with priority debug. @param ctxt request context. Default: the context of the request that is being handled */
  debug(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('debug', ctxt, eventType, payload);
  }

  /** Publishes with priority info. @param ctxt request context. Default: the context of the request that is being handled */
  info(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('info', ctxt, eventType, payload);
  }

  /** Publishes with priority warn. @param ctxt request context. Default: the context of the request that is being handled */
  warn(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('warn', ctxt, eventType, payload);
  }

  /** Publishes with priority warn. Same as {@link warn}. */
  warning(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('warn', ctxt, eventType, payload);
  }

  /** Publishes with priority error. @param ctxt request context. Default: the context of the request that is being handled */
  error(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('error', ctxt, eventType, payload);
  }

  /** Publishes with priority critical. @param ctxt request context. Default: the context of the request that is being handled */
  critical(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('critical', ctxt, eventType, payload);
  }

  /** Publishes with priority sample. @param ctxt request context. Default: the context of the request that is being handled */
  sample(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('sample', ctxt, eventType, payload);
  }

  private async notify(priority: Priority, own: unknown, eventType: string, payload: unknown): Promise<void> {
    const { settings } = this.transport;
    const { publisherId = null, context = settings.notificationContext } = this.options;
    const retry = this.options.retry ?? settings.notificationRetry;
    const ctxt = own ?? getCurrentRequestContext();
    if (typeof eventType !== 'string')
      throw new ConfigurationError(
        `eventType: expected a string; got ${nameOf(eventType)}. The order is ${priority}(context, eventType, payload)`,
      );
    const given = forgottenAwait(payload);
    if (given !== undefined) throw new ConfigurationError(`Payload of ${eventType}: expected a value; got ${given}`);
    const notification = {
      messageId: randomUUID(),
      publisherId,
      eventType,
      priority,
      payload: this.serializer.serializeEntity(ctxt, payload),
      timestamp: timestamp(),
      context: this.serializer.serializeContext(context === 'whole' ? ctxt : safeContext(ctxt)),
    };
    const announcement = { notification, topics: this.topics, retry, deadline: Deadline.after(this.timeout) };
    try {
      await announce(this.transport, announcement, (changed) => this.notifyByAll(changed));
    } catch (error) {
      throw withCallers(error, this.notify);
    }
  }

  private notifyByAll(announcement: Announcement): Promise<void> {
    // `async`: a driver of the user that throws must stop no other, nor leave its promise without a handler.
    const notifyBy = async (driver: NotifierDriver) => driver.notify(announcement);
    return runApart(() => allDone([...this.drivers.values()].map(notifyBy)));
  }
}

function makeDrivers(
  given: readonly (NotificationDriver | NotifierDriver)[],
  transport: Transport,
  routing: string | RoutingConfig | undefined,
): Map<NotificationDriver | NotifierDriver, NotifierDriver> {
  const { settings } = transport;
  checkOptions({ driver: given }, { driver: notificationDrivers }, '', 'notifier option');
  const builtIn: Record<Exclude<NotificationDriver, 'routing'>, NotifierDriver> = {
    messaging: new MessagingDriver(transport, false),
    messagingv2: new MessagingDriver(transport, true),
    log: new LogDriver(settings.logger),
    test: new TestDriver(transport),
    noop: { notify: () => Promise.resolve() },
  };
  const makeRouting = () => {
    const rules = routing ?? settings.notificationRouting;
    if (rules === undefined) throw new ConfigurationError('The driver "routing" needs rules (notificationRouting)');
    return new RoutingDriver(rules, new Map(Object.entries(builtIn)), settings.logger);
  };
  const make = (driver: NotificationDriver | NotifierDriver): NotifierDriver => {
    if (typeof driver !== 'string') return driver;
    return driver === 'routing' ? makeRouting() : builtIn[driver];
  };
  return new Map(given.map((driver) => [driver, make(driver)]));
}
