import amqplib, { type ChannelModel } from 'amqplib';
import { newScope } from '../../../core/async-scope.js';
import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import type { Counters } from '../../../core/counters.js';
import type { Deadline } from '../../../core/deadline.js';
import { MessageDeliveryFailure } from '../../../core/errors.js';
import type { DriverStatus } from '../../../core/health.js';
import { Listeners } from '../../../core/listeners.js';
import { oneLine } from '../../../core/logger.js';
import type { Settings } from '../../../core/options.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { TransportHost, TransportURL } from '../../../core/transport-url.js';
import type { DriverContext } from '../../driver-context.js';
import { Wire } from '../wire/wire.js';
import { Alarm } from './alarm.js';
import { ConnectFailure } from './connect-failure.js';
import { attemptOf, connectOptions } from './connect-options.js';
import { Failover } from './failover.js';
import { Logins } from './logins.js';
import { SecretRenewal } from './secret-renewal.js';
import { socketOf } from './socket.js';

interface Waiter {
  retriesLeft: number;
  resolve(model: ChannelModel): void;
  reject(error: Error): void;
}

/** Longest wait, in milliseconds, for the broker's consent to an end. */
const CLOSE_LIMIT = 2000;

/** A connection that is lost within this time, in milliseconds, was hardly one. */
const BRIEF = 1000;

/** One connection to whichever host answers: made on first use, made again when it is lost, until it is closed. */
export class RabbitConnection {
  private model: ChannelModel | undefined;
  private readonly waiters = new Set<Waiter>();
  private readonly observers = new Set<(model: ChannelModel) => void>();
  private readonly statusListeners: Listeners<DriverStatus>;
  private readonly failover: Failover;
  private readonly logins: Logins;
  private renewal: SecretRenewal | undefined;
  private connecting = false;
  /** True once there has been a connection. */
  wasConnected = false;
  /** Host and port of the last connection. */
  address = '';
  private closed = false;
  private wake: (() => void) | undefined;
  /** Ends the attempt that is under way. */
  private attempt: AbortController | undefined;
  private since = 0;
  /** Connections in a row that were lost as soon as they were made. */
  private brief = 0;
  private alarm: Alarm | undefined;
  /** Why the last attempt failed, or the connection was lost. */
  lastError: Error | undefined;
  status: DriverStatus = 'idle';
  /** Called with what goes wrong while the connection stays up. */
  onTrouble: (error: Error) => void = () => undefined;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    private readonly url: TransportURL,
    { settings, counters }: DriverContext,
    private readonly purpose: string,
  ) {
    this.settings = settings;
    this.counters = counters;
    this.failover = new Failover(url.hosts, settings.rabbit.failoverStrategy);
    this.logins = new Logins(url, settings);
    this.statusListeners = new Listeners('status', settings.logger);
  }

  /** Called with each new connection, from now on. Returns what ends that. */
  onConnected(observer: (model: ChannelModel) => void): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    return this.statusListeners.add(listener, this.status);
  }

  /** Why it is not up, where that is known. */
  get outage(): Error | undefined {
    return this.model ? undefined : this.lastError;
  }

  /** Returns what keeps an operation from the broker, where anything does. @param began on the monotonic clock */
  troubleFor(began: number): Error | undefined {
    return this.alarm?.errorFor(began) ?? this.outage;
  }

  /** The connection if it is up. */
  get current(): ChannelModel | undefined {
    return this.model;
  }

  /**
   * The connection, once it is up.
   * @param retry failed attempts to outlast: undefined or −1 is any number
   * @throws MessageDeliveryFailure after the retries, at the deadline, or at once when the broker refuses the login
   */
  async acquire(deadline: Deadline, retry?: number): Promise<ChannelModel> {
    if (this.model) return this.model;
    if (this.closed) throw new MessageDeliveryFailure('The transport is closed');
    const waiter: Waiter = {
      retriesLeft: retry === undefined || retry < 0 ? Number.POSITIVE_INFINITY : retry,
      resolve: () => {},
      reject: () => {},
    };
    const ready = new Promise<ChannelModel>((resolve, reject) => Object.assign(waiter, { resolve, reject }));
    this.waiters.add(waiter);
    if (waiter.retriesLeft === 0) this.wake?.();
    // All that comes over the connection would run in the async context of whoever needed it first.
    void newScope().runInAsyncScope(this.connect, this);
    try {
      return await deadline.race(ready, () => this.unreachable(' within the time that was left'));
    } finally {
      this.waiters.delete(waiter);
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.wake?.();
    this.attempt?.abort();
    this.renewal?.stop();
    for (const waiter of this.waiters) waiter.reject(new MessageDeliveryFailure('The transport was closed'));
    const { model, status } = this;
    this.model = undefined;
    this.setStatus('closed');
    if (!model) return;
    // A broker that blocks us does not read, so it will not answer.
    await settleWithin(model.close(), status === 'blocked' ? 0 : CLOSE_LIMIT);
    // With an error, or amqplib would go on to wait for the broker's consent, and whoever waits for it with it.
    socketOf(model)?.destroy(new Error('the transport was closed'));
  }

  private unreachable(when: string): MessageDeliveryFailure {
    const why = this.lastError ? `: ${this.lastError.message}` : '';
    return new MessageDeliveryFailure(`Could not reach the broker${when}${why}`, { cause: this.lastError });
  }

  private setStatus(status: DriverStatus): void {
    if (this.status === status) return;
    this.status = status;
    this.statusListeners.emit(status);
  }

  private async connect(): Promise<void> {
    if (this.connecting) return;
    this.connecting = true;
    try {
      await this.connectAny();
    } finally {
      this.connecting = false;
    }
  }

  private async connectAny(): Promise<void> {
    // One loss may be an accident; what goes on dropping us is not to be hammered.
    if (this.brief > 1) await this.pause(this.brief - 2);
    for (let failures = 0; !this.closed && !this.model; failures++) {
      this.setStatus('connecting');
      const model = await this.openAny();
      if (model) this.adopt(model);
      else if (this.closed || (this.waiters.size === 0 && !this.wasConnected)) break;
      else await this.pause(failures);
    }
  }

  private fail(error: Error, hopeless: boolean): void {
    const said = this.lastError?.message === error.message;
    this.lastError = error;
    this.setStatus('disconnected');
    const { logger } = this.settings;
    // An outage is one line, not one for each attempt.
    logger[said ? 'debug' : 'warn'](`No ${this.purpose} connection: ${oneLine(error.message)}`);
    for (const waiter of this.waiters) {
      if (!hopeless && waiter.retriesLeft-- > 0) continue;
      this.waiters.delete(waiter);
      waiter.reject(this.unreachable(hopeless ? ', and trying again would not help' : ' after the retries asked for'));
    }
  }

  /** Jitter under a growing, capped bound; cut short by who wants no retries, and by closing. */
  private async pause(failures: number): Promise<void> {
    const { retryInterval: first, retryBackoff: step, intervalMax: cap } = this.settings.rabbit;
    const backoff: Backoff = { first, growth: { step }, cap, jitter: 0.75 };
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, backoffDelay(backoff, failures));
      this.wake = resolve;
    });
    clearTimeout(timer);
    this.wake = undefined;
  }

  /** One attempt: every host once. Undefined when none answered; `fail` has said so then. */
  private async openAny(): Promise<ChannelModel | undefined> {
    const failures: ConnectFailure[] = [];
    for (const host of this.failover.round()) {
      if (this.closed) return undefined;
      try {
        return await this.open(host);
      } catch (error) {
        failures.push(
          new ConnectFailure(attemptOf(this.url, host, this.settings.rabbit), error, this.logins.isDynamic),
        );
      }
    }
    if (this.closed) return undefined;
    this.fail(ConnectFailure.all(failures), failures.every(({ hopeless }) => hopeless) && !this.wasConnected);
    return undefined;
  }

  private async open(host: TransportHost): Promise<ChannelModel> {
    const { rabbit } = this.settings;
    const attempt = new AbortController();
    this.attempt = attempt;
    let late = false;
    const login = await this.logins.for(host, attempt.signal);
    if (this.closed) throw new Error('the transport was closed');
    const timer = setTimeout(() => {
      late = true;
      attempt.abort();
    }, rabbit.connectTimeout);
    try {
      const name = `${this.settings.connectionName}:${this.purpose}`;
      const identity = { login, name, signal: attempt.signal };
      const model = await amqplib.connect(...connectOptions(this.url, host, rabbit, identity));
      // What comes right behind the handshake is read before anybody can listen for the end.
      if (socketOf(model)?.writable === false) throw new Error('the broker closed the connection at once');
      this.address = attemptOf(this.url, host, rabbit).address;
      this.renewal = new SecretRenewal(
        model,
        (signal) => this.logins.for(host, signal),
        (error) => this.onTrouble(error),
        this.settings.logger,
        login,
      );
      return model;
    } catch (error) {
      throw late ? new Error('the broker did not finish the handshake in time', { cause: error }) : error;
    } finally {
      clearTimeout(timer);
      this.attempt = undefined;
    }
  }

  private adopt(model: ChannelModel): void {
    if (this.closed) {
      this.renewal?.stop();
      socketOf(model)?.destroy();
      return;
    }
    Wire.takeOver(model);
    // amqplib reports every failure by 'close' too; without a listener 'error' would end the process.
    model.on('error', (error) => {
      this.lastError = error;
    });
    model.on('blocked', (given) => {
      const reason = oneLine(String(given));
      this.settings.logger.warn(`The broker blocks publishing: ${reason}`);
      this.alarm = this.alarm?.because(reason) ?? new Alarm(reason);
      this.setStatus('blocked');
    });
    model.on('unblocked', () => {
      const since = this.alarm?.since ?? performance.now();
      this.settings.logger.warn(`The broker accepts publishing again, after ${secondsSince(since)} s`);
      this.alarm = undefined;
      this.setStatus('connected');
    });
    model.on('close', (error) => this.lost(model, error));
    this.model = model;
    this.wasConnected = true;
    this.since = performance.now();
    this.setStatus('connected');
    for (const waiter of this.waiters) waiter.resolve(model);
    for (const observer of this.observers) observer(model);
  }

  private lost(model: ChannelModel, error: Error | undefined): void {
    socketOf(model)?.destroy();
    if (this.model !== model) return;
    this.model = undefined;
    this.renewal?.stop();
    this.alarm = undefined;
    if (this.closed) return;
    this.brief = performance.now() - this.since < BRIEF ? this.brief + 1 : 0;
    this.lastError = error ?? new Error('the connection was closed');
    this.counters.count('lostConnections');
    const reason = oneLine(this.lastError.message);
    this.settings.logger.warn(`Lost the ${this.purpose} connection to ${this.address} (${reason}); reconnecting`);
    this.setStatus('disconnected');
    void this.connect();
  }
}

/** Seconds since a point of the monotonic clock, to a tenth. */
export function secondsSince(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
