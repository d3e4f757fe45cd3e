import type { ChannelModel } from 'amqplib';
import {
  Counters,
  Deadline,
  MessageDeliveryFailure,
  RabbitConnection,
  type Settings,
  type TransportURL,
  toError,
} from '../../internal.js';
import { Echoes } from './echoes.js';
import { type RawMessage } from './raw-message.js';
import { TapChannel } from './tap-channel.js';
import type { TapBinding } from './tap-plan.js';
import type { TapQueues } from './tap-queues.js';

/** Delay before queues are declared again that have gone while the connection stays, in milliseconds. */
const AGAIN_MS = 1000;

/** Handlers and bindings of a session. */
export interface TapSessionOptions {
  readonly bindings: readonly TapBinding[];
  /** True where the exchanges may be missing at first. */
  readonly areOptional: boolean;
  readonly received: (queue: keyof TapQueues, message: RawMessage) => void;
  /** Called when the tap sees again what is published. @param since time of the last sign before, on the monotonic clock */
  readonly resumed: (since: number, reason: string) => void;
  readonly notice: (line: string) => void;
}

/** Connection of a tap, with its queues: they are declared again after each loss. */
export class TapSession {
  readonly echoes = new Echoes();
  private readonly connection: RabbitConnection;
  private channel: TapChannel | undefined;
  private unfollow: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Bindings to exchanges that exist. */
  private bound = new Set<TapBinding>();
  private lastSign = 0;
  private outage: { since: number; reason: string } | undefined;
  private isAttaching = false;
  private isClosed = false;

  constructor(
    url: TransportURL,
    private readonly settings: Settings,
    private readonly options: TapSessionOptions,
  ) {
    this.connection = new RabbitConnection(url, { settings, counters: new Counters() }, 'tap');
  }

  /** Channel with the queues; undefined during an outage. */
  get current(): TapChannel | undefined {
    return this.channel;
  }

  /** True while the broker does not read what the tap sends, because of an alarm. */
  get isBlocked(): boolean {
    return this.connection.status === 'blocked';
  }

  /** Waits for an answer of the broker, unless an alarm holds it up. @throws MessageDeliveryFailure with the alarm */
  async unlessBlocked<T>(ask: () => Promise<T>): Promise<T> {
    const began = performance.now();
    let leave: () => void = () => undefined;
    const blocked = new Promise<never>((_, reject) => {
      leave = this.connection.onStatus((status) => {
        if (status !== 'blocked') return;
        const trouble = this.connection.troubleFor(began)?.message ?? 'the broker blocks publishing';
        reject(new MessageDeliveryFailure(`The tap sees nothing: ${trouble}`));
      });
    });
    try {
      return await Promise.race([blocked, this.isBlocked ? blocked : ask()]);
    } finally {
      leave();
    }
  }

  /** Connects and binds. @throws MessageDeliveryFailure, TapRefused */
  async open(): Promise<TapChannel> {
    const model = await this.connection.acquire(Deadline.after(this.settings.rpcResponseTimeout), 0);
    const channel = await this.attach(model);
    this.unfollow = this.connection.onConnected((next) => void this.again(next));
    return channel;
  }

  /** Binds to the exchanges that exist by now: a fanout exchange comes and goes with the servers. */
  async bindAll(bindings: readonly TapBinding[]): Promise<void> {
    const { channel, options } = this;
    if (!channel) return;
    for (const binding of bindings) {
      const { exchange, key } = binding;
      if (!options.areOptional) await channel.bind(exchange, key);
      else if (!(await channel.tryBind(exchange, key))) {
        if (this.bound.delete(binding)) options.notice(`The exchange "${exchange}" was deleted; waiting for it`);
        continue;
      }
      this.bound.add(binding);
    }
  }

  get bindings(): readonly TapBinding[] {
    return this.options.bindings;
  }

  /** Bindings to exchanges that do not exist. */
  get missing(): TapBinding[] {
    return this.options.bindings.filter((binding) => !this.bound.has(binding));
  }

  /** Ends the copies of messages, and receives those that are on their way. Takes bounded time. */
  async drain(): Promise<void> {
    const { channel, echoes } = this;
    if (!channel) return;
    for (const { exchange, key } of this.bound) await channel.unbind(exchange, key);
    await echoes.through(channel, 'messages');
    await echoes.through(channel, 'dropped');
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.unfollow();
    const closed = this.channel?.close();
    // A broker that does not read does not answer either.
    if (!this.isBlocked) await closed;
    this.channel = undefined;
    await this.connection.close();
  }

  private async attach(model: ChannelModel): Promise<TapChannel> {
    const channel = await TapChannel.on(model, {
      received: (queue, message) => {
        this.lastSign = performance.now();
        this.options.received(queue, message);
      },
      ended: (reason) => this.lost(reason),
    });
    this.channel = channel;
    this.bound = new Set();
    await this.bindAll(this.bindings);
    this.lastSign = performance.now();
    return channel;
  }

  private lost(reason: Error): void {
    this.channel = undefined;
    if (this.isClosed) return;
    this.outage ??= { since: this.lastSign, reason: reason.message };
    this.options.notice(`The tap sees nothing: ${reason.message}; trying again`);
    this.scheduleAgain();
  }

  /** Declares the queues again, where the connection has stayed. Otherwise the next connection does it. */
  private scheduleAgain(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { current } = this.connection;
      if (current) void this.again(current);
    }, AGAIN_MS);
  }

  private async again(model: ChannelModel): Promise<void> {
    if (this.isClosed || this.isAttaching || this.channel) return;
    this.isAttaching = true;
    try {
      await this.attach(model);
      const { outage } = this;
      this.outage = undefined;
      if (outage && !this.isClosed) this.options.resumed(outage.since, outage.reason);
    } catch (error) {
      if (this.isClosed) return;
      this.options.notice(`The tap sees nothing: ${toError(error).message}; trying again`);
      this.scheduleAgain();
    } finally {
      this.isAttaching = false;
    }
  }
}
