import amqplib, { type ChannelModel } from 'amqplib';
import type { Deadline } from '../../core/deadline.js';
import { MessageDeliveryFailure, toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import type { TransportURL } from '../../core/transport-url.js';
import type { DriverStatus } from '../driver.js';
import { connectOptions } from './broker-address.js';
import { corkWrites, socketOf } from './socket.js';

interface Waiter {
  retriesLeft: number;
  resolve(model: ChannelModel): void;
  reject(error: Error): void;
}

/** Handshakes refused for these reasons do not get better by waiting. */
const REFUSED = /ACCESS.REFUSED|NOT.ALLOWED|SASL mechanism|certificate|self.signed|altname/i;

/** One connection to whichever host answers: made on first use, made again when it is lost, until it is closed. */
export class RabbitConnection {
  private model: ChannelModel | undefined;
  private readonly waiters = new Set<Waiter>();
  private readonly observers = new Set<(model: ChannelModel) => void>();
  private readonly statusListeners = new Set<(status: DriverStatus) => void>();
  private connecting = false;
  private wasConnected = false;
  private closed = false;
  private nextHost = 0;
  private wake: (() => void) | undefined;
  /** Why the last attempt failed, or the connection was lost. */
  lastError: Error | undefined;
  status: DriverStatus = 'idle';

  constructor(
    private readonly url: TransportURL,
    private readonly settings: Settings,
    private readonly purpose: string,
  ) {}

  /** Called with each new connection, from now on. Returns what ends that. */
  onConnected(observer: (model: ChannelModel) => void): () => void {
    this.observers.add(observer);
    return () => this.observers.delete(observer);
  }

  onStatus(listener: (status: DriverStatus) => void): () => void {
    this.statusListeners.add(listener);
    listener(this.status);
    return () => this.statusListeners.delete(listener);
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
    void this.connect();
    try {
      return await deadline.race(ready, () => this.unreachable('within the time that was left'));
    } finally {
      this.waiters.delete(waiter);
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.wake?.();
    for (const waiter of this.waiters) waiter.reject(new MessageDeliveryFailure('The transport was closed'));
    const { model } = this;
    this.model = undefined;
    this.setStatus('closed');
    if (!model) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, 2000);
    });
    await Promise.race([model.close().catch(() => undefined), patience]);
    clearTimeout(timer);
    socketOf(model)?.destroy();
  }

  private unreachable(when: string): MessageDeliveryFailure {
    const why = this.lastError ? `: ${this.lastError.message}` : '';
    return new MessageDeliveryFailure(`Could not reach the broker ${when}${why}`, { cause: this.lastError });
  }

  private setStatus(status: DriverStatus): void {
    if (this.status === status) return;
    this.status = status;
    for (const listener of this.statusListeners) listener(status);
  }

  private async connect(): Promise<void> {
    if (this.connecting) return;
    this.connecting = true;
    for (let failures = 0; !this.closed && !this.model; failures++) {
      this.setStatus('connecting');
      try {
        this.adopt(await this.openAny());
      } catch (error) {
        this.fail(toError(error));
        if (this.waiters.size === 0 && !this.wasConnected) break;
        await this.pause(failures);
      }
    }
    this.connecting = false;
  }

  private fail(error: Error): void {
    const said = this.lastError?.message === error.message;
    this.lastError = error;
    this.setStatus('disconnected');
    if (this.closed) return;
    const { logger } = this.settings;
    // An outage is one line, not one for each attempt.
    logger[said ? 'debug' : 'warn'](`No ${this.purpose} connection: ${oneLine(error.message)}`);
    const hopeless = REFUSED.test(error.message) && !this.wasConnected;
    for (const waiter of this.waiters) {
      if (hopeless) waiter.reject(this.unreachable('because it refuses us'));
      else if (waiter.retriesLeft-- <= 0) waiter.reject(this.unreachable('after the retries asked for'));
    }
  }

  /** Full jitter under a growing, capped bound; cut short by who wants no retries, and by closing. */
  private async pause(failures: number): Promise<void> {
    const { retryInterval, intervalMax } = this.settings.rabbit;
    const bound = Math.min(intervalMax, retryInterval * 2 ** Math.min(failures, 10));
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, bound * (0.25 + Math.random() * 0.75));
      this.wake = resolve;
    });
    clearTimeout(timer);
    this.wake = undefined;
  }

  /** One attempt: every host once, beginning with the one after the last that was tried. */
  private async openAny(): Promise<ChannelModel> {
    const { hosts } = this.url;
    let failure: unknown;
    for (let tried = 0; tried < hosts.length && !this.closed; tried++) {
      const host = hosts[this.nextHost++ % hosts.length];
      if (!host) break;
      try {
        return await this.open(...connectOptions(this.url, host, this.settings.rabbit));
      } catch (error) {
        const { message } = toError(error);
        failure = new Error(`${host.hostname}:${host.port ?? 'default port'}: ${message || 'connection refused'}`, {
          cause: error,
        });
      }
    }
    throw failure ?? new Error('no host');
  }

  private async open(...args: Parameters<typeof amqplib.connect>): Promise<ChannelModel> {
    let late = false;
    let timer: NodeJS.Timeout | undefined;
    const opening = amqplib.connect(...args) as Promise<ChannelModel>;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        late = true;
        reject(new Error('the broker did not finish the handshake in time'));
      }, this.settings.rabbit.connectTimeout);
    });
    opening.then((model) => late && socketOf(model.on('error', () => undefined))?.destroy()).catch(() => undefined);
    try {
      return await Promise.race([opening, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  private adopt(model: ChannelModel): void {
    if (this.closed) {
      socketOf(model)?.destroy();
      return;
    }
    const socket = socketOf(model);
    if (socket) corkWrites(socket);
    // amqplib reports every failure by 'close' too; without a listener 'error' would end the process.
    model.on('error', (error) => {
      this.lastError = error;
    });
    model.on('blocked', (reason) => {
      this.settings.logger.warn(`The broker blocks publishing: ${oneLine(String(reason))}`);
      this.setStatus('blocked');
    });
    model.on('unblocked', () => this.setStatus('connected'));
    model.on('close', (error) => this.lost(model, error));
    this.model = model;
    this.wasConnected = true;
    this.setStatus('connected');
    for (const waiter of this.waiters) waiter.resolve(model);
    for (const observer of this.observers) observer(model);
  }

  private lost(model: ChannelModel, error: Error | undefined): void {
    socketOf(model)?.destroy();
    if (this.model !== model) return;
    this.model = undefined;
    if (this.closed) return;
    this.lastError = error ?? new Error('the connection was closed');
    this.settings.logger.warn(`The ${this.purpose} connection was lost: ${oneLine(this.lastError.message)}`);
    this.setStatus('disconnected');
    void this.connect();
  }
}
