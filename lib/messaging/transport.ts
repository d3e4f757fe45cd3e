import { inspect } from 'node:util';
import { Counters, type Counts } from '../core/counters.js';
import { Deadline } from '../core/deadline.js';
import { type Duration, toMilliseconds } from '../core/duration.js';
import { ConfigurationError, DriverLoadFailure } from '../core/errors.js';
import type { DriverStatus, TransportHealth } from '../core/health.js';
import { checkRetry } from '../core/option-rules.js';
import { normalizeOptions, type OsloMessagingOptions, type Settings } from '../core/options.js';
import type { Secret } from '../core/secrets.js';
import { parseTransportUrl } from '../core/transport-url.js';
import { withUrlOptions } from '../core/url-options.js';
import type { Driver } from '../drivers/driver.js';
import { MemoryDriver } from '../drivers/memory/memory-driver.js';
import { RabbitDriver } from '../drivers/rabbit/rabbit-driver.js';

const MEMORY = new Set(['memory', 'fake']);
const RABBIT = new Set(['rabbit', 'amqp', 'amqps', 'rabbits', 'kombu', 'kombu+rabbit', 'kombu+amqp', 'kombu+amqps']);

/** Options of {@link Transport.connect}. */
export interface ConnectOptions {
  /** Failed rounds of attempts to outlast: absent or −1 any number until the timeout, 0 none. A refused login is not tried again. */
  retry?: number | undefined;
  /** @default the `rpcResponseTimeout` option */
  timeout?: Duration | undefined;
  /** Make the connection to publish by only, as notifiers and casts need it. @default false */
  publishOnly?: boolean | undefined;
}

/** A handle on one broker. Connects on first use. */
export class Transport {
  /** @internal */
  readonly driver: Driver;
  /** What it was set up with, the URL's query included. */
  readonly settings: Settings;
  /** @internal */
  readonly counters = new Counters();
  private readonly closing = new AbortController();

  private constructor(
    settings: Settings,
    private readonly url: Secret<string>,
    allowedModules: readonly string[],
  ) {
    const parsed = parseTransportUrl(url.expose());
    const allowed = new Set(allowedModules);
    this.settings = RABBIT.has(parsed.scheme) ? withUrlOptions(settings, parsed) : settings;
    const context = { settings: this.settings, counters: this.counters };
    if (MEMORY.has(parsed.scheme)) this.driver = new MemoryDriver(context, allowed, parsed);
    else if (RABBIT.has(parsed.scheme)) this.driver = new RabbitDriver(context, allowed, parsed);
    else {
      throw new DriverLoadFailure(
        `No driver for ${JSON.stringify(url)}: "${parsed.scheme}" is unknown; use memory, rabbit, amqp or amqps`,
      );
    }
  }

  /** @internal @throws InvalidTransportURL, DriverLoadFailure */
  static make(settings: Settings, url: Secret<string>, allowedModules: readonly string[]): Transport {
    return new Transport(settings, url, allowedModules);
  }

  /** What has happened on it so far: refusals, duplicates, lost connections. */
  get counts(): Counts {
    return this.counters.read();
  }

  /**
   * Connects now instead of on first use.
   * @throws MessageDeliveryFailure when the broker cannot be reached in time, or refuses the login
   */
  async connect({ retry, timeout, publishOnly = false }: ConnectOptions = {}): Promise<void> {
    checkRetry(retry);
    const milliseconds = timeout === undefined ? this.settings.rpcResponseTimeout : toMilliseconds(timeout, 'timeout');
    await this.driver.connect({ retry, deadline: Deadline.after(milliseconds), publishOnly });
  }

  /** How it is now: its connections, what it consumes, what it waits for. */
  health(): TransportHealth {
    return this.driver.health();
  }

  /** Calls back with the status as it is, and with every change. Returns what ends that. */
  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.driver.onStatus(listener);
  }

  /** @internal Aborted by {@link cleanup}, for waits that must not outlive the transport. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  /** Its URL without the credentials: what logs and `JSON.stringify` see, of whatever holds a transport. */
  toString(): string {
    return `<Transport ${this.url}>`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** Rejects what is pending, lets go of queues, timers and connections. Safe to call twice. */
  async cleanup(): Promise<void> {
    this.closing.abort();
    await this.driver.close();
  }
}

/**
 * A transport for RPC.
 * @throws ConfigurationError, InvalidTransportURL, DriverLoadFailure
 */
export function getRpcTransport(options: OsloMessagingOptions = {}): Transport {
  const settings = normalizeOptions(options);
  return Transport.make(settings, settings.transportUrl, settings.allowedRemoteExmods);
}

/** A transport for notifications: `notificationTransportUrl`, else `transportUrl`. */
export function getNotificationTransport(options: OsloMessagingOptions = {}): Transport {
  const settings = normalizeOptions(options);
  return Transport.make(settings, settings.notificationTransportUrl, settings.allowedRemoteExmods);
}

/** @throws ConfigurationError when it is something else */
export function assertTransport(transport: unknown): asserts transport is Transport {
  if (!(transport instanceof Transport))
    throw new ConfigurationError('Expected a Transport, as getRpcTransport() gives it');
}
