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
import type { TapBindings } from './tap-bindings.js';
import { TapChannel } from './tap-channel.js';
import type { TapQueues } from './tap-queues.js';

/** Delay before queues are declared again that have gone while the connection stays, in milliseconds. */
const AGAIN_MS = 1000;

/** Handlers and bindings of a session. */
export interface TapSessionOptions {
  readonly bindings: TapBindings;
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

  /** Outage that is not over: the time of the last sign before, on the monotonic clock, and the reason. */
  get openOutage(): { readonly since: number; readonly reason: string } | undefined {
    return this.outage;
  }

  /** Binds to what exists by now, and unbinds from what has gone. */
  async follow(): Promise<void> {
    if (this.channel) await this.options.bindings.follow(this.channel);
  }

  /** Ends the copies of messages, and receives those that are on their way. Takes bounded time. */
  async drain(): Promise<void> {
    const { channel, echoes, options } = this;
    if (!channel) return;
    await Promise.all([...options.bindings.bound].map(({ exchange, key }) => channel.unbind(exchange, key)));
    await echoes.through(channel, 'messages');
    await echoes.through(channel, 'dropped');
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.timer);
    this.unfollow();
    const closed = Promise.resolve(this.channel?.close());
    // A broker that does not read does not answer either.
    await this.unlessBlocked(() => closed).catch(() => undefined);
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
    await this.follow();
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
