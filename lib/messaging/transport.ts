import { setMaxListeners } from 'node:events';
import { inspect } from 'node:util';
import { withConfigFiles } from '../config/configured-options.js';
import { atPlaces } from '../config/places.js';
import { chainOf, type OutgoingChain } from '../core/chain.js';
import { Counters, type Counts } from '../core/counters.js';
import { Deadline } from '../core/deadline.js';
import { type Duration, toMilliseconds } from '../core/duration.js';
import { ConfigurationError, DriverLoadFailure } from '../core/errors.js';
import type { DriverStatus, TransportHealth } from '../core/health.js';
import type { BrokerKind, InstrumentedTransport, RpcClientInterceptor } from '../core/instrumentation.js';
import { oneLine } from '../core/logger.js';
import { ObserverSlot } from '../core/message-observer.js';
import { checkRetry } from '../core/option-rules.js';
import type { OsloMessagingOptions } from '../core/options.js';
import type { Secret } from '../core/secrets.js';
import { normalizeOptions, type Settings } from '../core/settings.js';
import { sharedClass } from '../core/shared.js';
import { driverOf, parseTransportUrl, type TransportURL } from '../core/transport-url.js';
import { withUrlOptions } from '../core/url-options.js';
import type { Driver } from '../drivers/driver.js';
import type { DriverContext } from '../drivers/driver-context.js';
import { MemoryDriver } from '../drivers/memory/memory-driver.js';
import { RabbitDriver } from '../drivers/rabbit/rabbit-driver.js';

/** Options of {@link Transport.connect}. */
export interface ConnectOptions {
  /** Number of rounds of attempts after the first: 0 for none, −1 for any number until the timeout. A refused login is not retried. @default −1 */
  retry?: number | undefined;
  /** Longest time to connect, in seconds or with a unit. @default the `rpcResponseTimeout` option */
  timeout?: Duration | undefined;
  /** Open only the publishing connection, which is all that notifiers and casts use. @default false */
  publishOnly?: boolean | undefined;
}

/** Connections to one broker, with their driver. Connects on first use. Source: oslo_messaging.transport.Transport. */
@sharedClass('Transport')
export class Transport {
  /** @internal */
  readonly driver: Driver;
  /** Options of the transport with their defaults, including those of the URL's query. */
  readonly settings: Settings;
  /** @internal */
  readonly counters = new Counters();
  /** @internal Links that every message passes before the driver; undefined without links. */
  readonly outgoing: OutgoingChain | undefined;
  /** @internal The chain with a link between the interceptors and the instrumentation, which then sees each attempt. */
  readonly outgoingWith: (link: RpcClientInterceptor) => OutgoingChain;
  /** @internal Kind of the broker. */
  readonly broker: BrokerKind;
  /** @internal Place of the observer of all messages. */
  readonly observer = new ObserverSlot();
  /** @internal Returns the timeouts that have grown, in seconds, by method. Clients that back off set it. */
  grownTimeouts: () => ReadonlyMap<string, number> = () => new Map();
  private readonly closing = new AbortController();
  private readonly detach: readonly (() => void)[];

  private constructor(
    settings: Settings,
    private readonly url: Secret<string>,
    makeDriver: (context: DriverContext, url: TransportURL) => Driver,
    private readonly use: 'rpc' | 'notifications' = 'rpc',
  ) {
    const parsed = parseTransportUrl(url.expose());
    // Any number of calls may wait at the same time.
    setMaxListeners(0, this.closed);
    this.broker = driverOf(parsed) === 'memory' ? 'memory' : 'rabbit';
    this.settings = this.broker === 'rabbit' ? withUrlOptions(settings, parsed) : settings;
    const { clientInterceptors, instrumentation } = this.settings;
    const watching = instrumentation.flatMap(({ client }) => client ?? []);
    this.outgoing = chainOf([...clientInterceptors, ...watching]);
    this.outgoingWith = (link) => chainOf([...clientInterceptors, link, ...watching]) as OutgoingChain;
    this.driver = makeDriver({ settings: this.settings, counters: this.counters }, parsed);
    this.detach = instrumentation.flatMap(({ transport }) => transport?.(this.instrumented()) ?? []);
  }

  /** @internal @throws InvalidTransportURL, DriverLoadFailure */
  static make(
    settings: Settings,
    url: Secret<string>,
    allowedModules: readonly string[],
    use?: 'rpc' | 'notifications',
  ): Transport {
    const makeDriver = (context: DriverContext, parsed: TransportURL) =>
      driverFor(context, new Set(allowedModules), parsed, url);
    return new Transport(settings, url, makeDriver, use);
  }

  /** @internal Makes a transport with a driver of the caller's, for fakes. */
  static over(settings: Settings, driver: Driver): Transport {
    return new Transport(settings, settings.transportUrl, () => driver);
  }

  /** Counters since the transport was made: lost connections, refusals, duplicates and others. */
  get counts(): Counts {
    return this.counters.read();
  }

  /**
   * Connects now instead of on first use.
   * @throws MessageDeliveryFailure when the broker cannot be reached within the timeout or refuses the login
   */
  async connect({ retry, timeout, publishOnly = false }: ConnectOptions = {}): Promise<void> {
    checkRetry(retry);
    const milliseconds = timeout === undefined ? this.settings.rpcResponseTimeout : toMilliseconds(timeout, 'timeout');
    await this.driver.connect({ retry, deadline: Deadline.after(milliseconds), publishOnly });
  }

  /** Returns the current state of connections and consumed queues, and the numbers of pending calls and messages. */
  health(): TransportHealth {
    return this.driver.health();
  }

  /**
   * Calls a listener with the current status, then with every change.
   * @returns a function that removes the listener
   */
  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.driver.onStatus(listener);
  }

  /** @internal Aborted by {@link cleanup}. For waits that must not outlive the transport. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  /** Returns the URL without credentials. Logs and `JSON.stringify` show this, also for objects that hold a transport. */
  toString(): string {
    return `<Transport ${this.url}>`;
  }

  /** Returns the same text as {@link toString}. */
  toJSON(): string {
    return this.toString();
  }

  /** Returns the same text as {@link toString}, for `util.inspect`. */
  [inspect.custom](): string {
    return this.toString();
  }

  /** Rejects pending calls, stops consuming and closes the connections. Nothing then keeps the process alive. Can be called twice. */
  async cleanup(): Promise<void> {
    this.closing.abort();
    try {
      await this.driver.close();
    } finally {
      for (const detach of this.detach) detach();
    }
  }

  private instrumented(): InstrumentedTransport {
    return {
      transport: this.use,
      name: this.settings.name,
      health: () => this.health(),
      grownTimeouts: () => this.grownTimeouts(),
      queueDepths: () => this.driver.queueDepths().catch(() => []),
    };
  }
}

/**
 * Makes a transport for RPC, to the broker of `transportUrl`. It connects on first use.
 * @throws ConfigurationError for an unknown or ill-typed option, InvalidTransportURL, DriverLoadFailure for an unknown scheme
 */
export function getRpcTransport(options: OsloMessagingOptions = {}): Transport {
  const configured = withConfigFiles(options);
  return atPlaces(configured, 'transportUrl', () => {
    const settings = normalizeOptions(configured);
    return Transport.make(settings, settings.transportUrl, settings.allowedRemoteExmods);
  });
}

/**
 * Makes a transport for notifications, to the broker of `notificationTransportUrl`, else of `transportUrl`. It connects on
 * first use.
 * @throws ConfigurationError for an unknown or ill-typed option, InvalidTransportURL, DriverLoadFailure for an unknown scheme
 */
export function getNotificationTransport(options: OsloMessagingOptions = {}): Transport {
  const configured = withConfigFiles(options);
  return atPlaces(configured, 'notificationTransportUrl', () => {
    const settings = normalizeOptions(configured);
    return Transport.make(settings, settings.notificationTransportUrl, settings.allowedRemoteExmods, 'notifications');
  });
}

/** Checks that a value is a transport. @throws ConfigurationError for any other value */
export function assertTransport(transport: unknown): asserts transport is Transport {
  if (!(transport instanceof Transport))
    throw new ConfigurationError('Expected a Transport, as getRpcTransport() gives it');
}

/** @throws DriverLoadFailure for an unknown scheme */
function driverFor(
  context: DriverContext,
  allowedModules: ReadonlySet<string>,
  parsed: TransportURL,
  url: Secret<string>,
): Driver {
  switch (driverOf(parsed)) {
    case 'memory':
      assertNoParameters(parsed);
      return new MemoryDriver(context, allowedModules, parsed);
    case 'rabbit':
      return new RabbitDriver(context, allowedModules, parsed);
    default:
      throw new DriverLoadFailure(
        `No driver for ${JSON.stringify(url)}: "${parsed.scheme}" is unknown; use rabbit, rabbits, amqp, amqps or memory`,
      );
  }
}

/** @throws ConfigurationError for a URL of the embedded broker with a query */
function assertNoParameters({ query, scheme }: TransportURL): void {
  const [parameter] = Object.keys(query);
  if (parameter === undefined) return;
  throw new ConfigurationError(
    `Unknown transport URL parameter "${oneLine(parameter, 60)}". ${scheme}:// takes no parameters; remove the query`,
  );
}
