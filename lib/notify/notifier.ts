import { randomUUID } from 'node:crypto';
import { Deadline } from '../core/deadline.js';
import { type Duration, readDuration } from '../core/duration.js';
import { ConfigurationError } from '../core/errors.js';
import { forgottenAwait } from '../core/given.js';
import type { Priority } from '../core/notification.js';
import { checkNames, checkRetry } from '../core/option-rules.js';
import { NOTIFICATION_DRIVERS, type NotificationDriver } from '../core/options.js';
import type { RoutingConfig } from '../core/routing-config.js';
import { checkedSerializer } from '../core/serializer.js';
import { withCallers } from '../messaging/caller-stack.js';
import { getCurrentRequestContext, runApart } from '../messaging/current-request.js';
import { NoOpSerializer, type Serializer } from '../messaging/serializer.js';
import { assertTransport, type Transport } from '../messaging/transport.js';
import { LogDriver } from './log-driver.js';
import { MessagingDriver } from './messaging-driver.js';
import { allDone, type NotifierDriver } from './notifier-driver.js';
import { RoutingDriver } from './routing-driver.js';
import { safeContext } from './safe-context.js';
import { TestDriver } from './test-driver.js';

/** What a notifier is set up with. */
export interface NotifierOptions {
  publisherId?: string | undefined;
  /** One driver, or several that all send. @default the `notificationDriver` option */
  driver?: NotificationDriver | readonly NotificationDriver[] | undefined;
  /** @default the `notificationTopics` option */
  topics?: readonly string[] | undefined;
  serializer?: Serializer | undefined;
  /** Retries of connecting: absent or −1 for ever (until the timeout), 0 none, N at most N. */
  retry?: number | undefined;
  /** How long a notification may take, all in all. @default the `rpcResponseTimeout` option */
  timeout?: Duration | undefined;
  /** Rules of the driver `routing`. @default the `notificationRouting` option */
  routing?: string | RoutingConfig | undefined;
  /** What of the request context goes along. @default the `notificationContext` option */
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

/** The form of Python's `str(timeutils.utcnow())`. */
function timestamp(): string {
  const iso = new Date().toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000`;
}

/**
 * Publishes what happened. Every method resolves when it is sent, which on a broker means confirmed, by every driver to
 * every topic; it rejects with MessageDeliveryFailure when that is not so in time (Python logs it), and with
 * ClientSendError when the payload is too large or no JSON. Source: oslo_messaging.Notifier.
 */
export class Notifier {
  private readonly serializer: Serializer;
  private readonly topics: readonly string[];
  private readonly timeout: number;
  private readonly drivers: ReadonlyMap<NotificationDriver, NotifierDriver>;

  /** @throws ConfigurationError */
  constructor(transport: Transport, options?: NotifierOptions);
  /** @internal */
  constructor(
    transport: Transport,
    options?: NotifierOptions,
    drivers?: ReadonlyMap<NotificationDriver, NotifierDriver>,
  );
  constructor(
    private readonly transport: Transport,
    private readonly options: NotifierOptions = {},
    drivers?: ReadonlyMap<NotificationDriver, NotifierDriver>,
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
    this.drivers = drivers ?? makeDrivers(typeof driver === 'string' ? [driver] : driver, transport, options.routing);
  }

  /** A notifier with the given properties changed. */
  prepare(changes: Pick<NotifierOptions, 'publisherId' | 'retry' | 'timeout'>): Notifier {
    return new Notifier(this.transport, { ...this.options, ...changes }, this.drivers);
  }

  /** Whether notifications go anywhere at all. */
  isEnabled(): boolean {
    return [...this.drivers.keys()].some((name) => name !== 'noop');
  }

  audit(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('audit', ctxt, eventType, payload);
  }

  debug(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('debug', ctxt, eventType, payload);
  }

  info(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('info', ctxt, eventType, payload);
  }

  warn(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('warn', ctxt, eventType, payload);
  }

  /** The same as `warn`. */
  warning(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('warn', ctxt, eventType, payload);
  }

  error(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('error', ctxt, eventType, payload);
  }

  critical(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('critical', ctxt, eventType, payload);
  }

  sample(ctxt: unknown, eventType: string, payload: unknown): Promise<void> {
    return this.notify('sample', ctxt, eventType, payload);
  }

  private async notify(priority: Priority, own: unknown, eventType: string, payload: unknown): Promise<void> {
    const { retry, publisherId = null, context = this.transport.settings.notificationContext } = this.options;
    const ctxt = own ?? getCurrentRequestContext();
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
      await runApart(() => allDone([...this.drivers.values()].map((driver) => driver.notify(announcement))));
    } catch (error) {
      throw withCallers(error, this.notify);
    }
  }
}

function makeDrivers(
  names: readonly NotificationDriver[],
  transport: Transport,
  routing: string | RoutingConfig | undefined,
): Map<NotificationDriver, NotifierDriver> {
  const { settings } = transport;
  const simple = new Map<NotificationDriver, NotifierDriver>([
    ['messaging', new MessagingDriver(transport, false)],
    ['messagingv2', new MessagingDriver(transport, true)],
    ['log', new LogDriver(settings.logger)],
    ['test', new TestDriver(transport)],
    ['noop', { notify: () => Promise.resolve() }],
  ]);
  const make = (name: NotificationDriver) => {
    if (name !== 'routing') return simple.get(name);
    const rules = routing ?? settings.notificationRouting;
    if (rules === undefined) throw new ConfigurationError('The driver "routing" needs rules (notificationRouting)');
    return new RoutingDriver(rules, simple, settings.logger);
  };
  return new Map(
    names.map((name) => {
      const driver = make(name);
      if (!driver) {
        throw new ConfigurationError(
          `Notification driver: expected one of ${NOTIFICATION_DRIVERS.join(', ')}; got ${JSON.stringify(name)}`,
        );
      }
      return [name, driver];
    }),
  );
}
