import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, ChannelModel } from 'amqplib';
import { newScope } from '../../../core/async-scope.js';
import type { Counters } from '../../../core/counters.js';
import { Deadline } from '../../../core/deadline.js';
import { ServerListenError, toError } from '../../../core/errors.js';
import { oneLine } from '../../../core/logger.js';
import type { Settings } from '../../../core/options.js';
import { settleWithin } from '../../../core/settle-within.js';
import type { DriverContext } from '../../driver-context.js';
import type { Delivery } from '../../inbox/delivery.js';
import type { RabbitConnection } from '../connection/connection.js';
import { DeclareAgain, DeclareRefused, type Declarer } from '../topology/declarer.js';
import type { QueueSpec } from '../topology/topology.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import { ConsumedQueue, type Missing } from './consumed-queue.js';
import { type ConsumingChannel, isRefusedConsume, type Reader } from './consuming-channel.js';
import type { ConsumingChannels } from './consuming-channels.js';
import { QueueCheck } from './queue-check.js';
import { RabbitDelivery } from './rabbit-delivery.js';
import { ReattachBackoff } from './reattach-backoff.js';
import type { Inspected, Upkeep } from './upkeep.js';

/** Called with each message. */
export type OnMessage = (delivery: Delivery) => void;

/** What a consumer reads, and how. */
export interface Reading {
  readonly queues: readonly QueueSpec[];
  /** Messages of a queue that may be delivered and not settled; 0 is any number. */
  readonly prefetch: number;
  /** Whether each message is settled before it is worked on, so that the channel can be shared with others. */
  readonly prompt: boolean;
  readonly onMessage: OnMessage;
}

/** Wait before the queues are tried again that could not be consumed from. */
const RETRY_DELAY = 1000;

/** Longest wait, in milliseconds, for the message of a stream that was read last. */
const RESUME_LIMIT = 2000;

/** Longest wait, in milliseconds, for a broker that does not answer when we stop: the connection may have stalled. */
const PATIENCE = 1000;

/** A set of queues declared and consumed from on one channel; brought back whenever the broker takes it away. */
export class Consumer implements Reader, Inspected {
  /** Called whenever it begins or ends to consume, and with what keeps it from it. */
  onChange: (error?: Error) => void = () => undefined;
  /** Whether all its queues are consumed from. */
  attached = false;
  private channel: ConsumingChannel | undefined;
  private readonly queues: readonly ConsumedQueue[];
  private readonly unsubscribe: () => void;
  private readonly endUpkeep: () => void;
  private timer: NodeJS.Timeout | undefined;
  private resuming: NodeJS.Timeout | undefined;
  private opening: Promise<void> | undefined;
  private readonly reattachBackoff = new ReattachBackoff();
  private readonly queueCheck: QueueCheck;
  /** Whether it has ever been attached. */
  private started = false;
  /** Whether the broker has taken away what is being opened. */
  private interrupted = false;
  /** Until it has consumed again it shares no channel: it has cost one. */
  private guilty = false;
  private stopped = false;
  private closed = false;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    private readonly connection: RabbitConnection,
    { settings, counters }: DriverContext,
    private readonly declarer: Declarer,
    private readonly channels: ConsumingChannels,
    private readonly reading: Reading,
    upkeep: Upkeep,
  ) {
    this.settings = settings;
    this.counters = counters;
    this.queues = reading.queues.map((queue) => new ConsumedQueue(queue));
    this.queueCheck = new QueueCheck(() => this.inspect());
    this.endUpkeep = upkeep.add(this);
    this.unsubscribe = connection.onConnected(() => this.reopen(this.reattachBackoff.delay));
  }

  /**
   * Resolves when every queue is consumed from.
   * @throws ServerListenError when that fails, MessageDeliveryFailure when the broker cannot be reached
   */
  async start(deadline: Deadline, retry?: number): Promise<void> {
    await this.connection.acquire(deadline, retry);
    // Its timers go on long after the request that needed it first.
    const opening = newScope().runInAsyncScope(this.ensureOpen, this);
    await deadline.race(opening, () => new ServerListenError('The queues were not ready in time'));
    if (!this.attached)
      throw new ServerListenError('The queues could not be consumed from', { cause: this.connection.lastError });
  }

  /** Stops the flow; what has been delivered can still be acknowledged. */
  async cancel(): Promise<void> {
    this.stopped = true;
    this.unsubscribe();
    this.endUpkeep();
    this.queueCheck.stop();
    clearTimeout(this.timer);
    clearTimeout(this.resuming);
    if (this.opening) await settleWithin(this.opening, PATIENCE);
    if (this.channel) await settleWithin(this.channel.cancel(this), PATIENCE);
  }

  /** The names of the queues, in the order given. A number in one is known once it has started. */
  get names(): string[] {
    return this.queues.map(({ name }) => name);
  }

  /** Deletes what is temporary, and leaves the channel: what was not acknowledged goes back to its queue. */
  async close(): Promise<void> {
    const { channel } = this;
    this.closed = true;
    this.attached = false;
    if (channel) await settleWithin(this.release(channel), PATIENCE);
  }

  /** The channel is gone. */
  ended(channel: ConsumingChannel, late: boolean): void {
    if (this.channel !== channel) return;
    this.channel = undefined;
    this.guilty ||= late;
    this.interrupt();
  }

  private async release(channel: ConsumingChannel): Promise<void> {
    this.channel = undefined;
    try {
      await this.channels.setup.use(channel.model, async (setup) => {
        for (const queue of this.queues) await queue.release(setup);
      });
    } finally {
      await channel.leave(this);
    }
  }

  /** Looks whether all is there that is consumed from, and makes it again. Rejects when it could not look. */
  async inspect(): Promise<void> {
    const { channel } = this;
    if (!channel || !this.isAttachedTo(channel)) return;
    await this.channels.setup.use(channel.model, async (setup) => {
      for (const queue of this.queues) {
        // What is missing has cost the channel, and all of ours are made again.
        if (!this.isAttachedTo(channel)) return;
        const missing = await queue.missing(setup, this.declarer);
        if (missing && this.isAttachedTo(channel)) this.lost(missing, channel);
      }
    });
  }

  private isAttachedTo(channel: ConsumingChannel): boolean {
    return this.attached && this.channel === channel;
  }

  private lost({ what, mended }: Missing, channel: ConsumingChannel): void {
    this.counters.count('redeclared');
    const now = mended ? 'it is bound again' : 'it is declared again';
    this.settings.logger.warn(`The broker has lost the ${what}: ${now}`);
    if (!mended) this.gone(channel);
  }

  /** A queue or its consumer is gone. All of ours are declared again and consumed from anew. */
  private gone(channel: ConsumingChannel): void {
    if (this.stopped) return;
    this.interrupt();
    void this.withdraw(channel);
  }

  /** The broker has taken away what is consumed from. */
  private interrupt(): void {
    this.interrupted = true;
    clearTimeout(this.resuming);
    this.queueCheck.stop();
    if (!this.attached) return;
    this.attached = false;
    this.onChange();
    const { reconnectDelay, reconnectSplay } = this.settings.rabbit;
    this.reopen(reconnectDelay + Math.random() * reconnectSplay);
  }

  private reopen(delay: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      // Without a connection the next one brings us back.
      if (this.connection.current) this.ensureOpen().catch((thrown: unknown) => this.cannotConsume(toError(thrown)));
    }, delay);
  }

  private cannotConsume(error: Error): void {
    const { current, lastError } = this.connection;
    if (current) {
      const names = [...new Set(this.names)].join(', ');
      this.settings.logger.error(`Cannot consume from ${names}: ${oneLine(error.message)}; trying again`);
      this.reopen(RETRY_DELAY);
    } else this.reattachBackoff.grow(lastError);
    // An outage is the connection's to tell.
    this.onChange(current ? error : undefined);
  }

  private ensureOpen(): Promise<void> {
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    while (!this.stopped && !this.attached) {
      const { current: model, lastError } = this.connection;
      if (!model) throw new ServerListenError('There is no connection to the broker', { cause: lastError });
      try {
        await this.consumeOn(model);
      } catch (error) {
        if (error instanceof DeclareAgain) await pause(error.delay);
        else if (this.isOutOfChannels(error, lastError)) await this.connectionAfter(model);
        else throw this.failure(model, error);
      }
    }
  }

  /** @param before why an earlier connection was lost: no reason for what has failed on this one */
  private isOutOfChannels(error: unknown, before: Error | undefined): boolean {
    const { lastError } = this.connection;
    return this.channels.budget.learn(error, lastError === before ? undefined : lastError);
  }

  /** Waits for another connection: the broker has closed this one for a channel too many. */
  private async connectionAfter(model: ChannelModel): Promise<void> {
    const { connection, settings } = this;
    // Its end is an event of its own, which may be behind.
    if (connection.current === model) await pause(settings.rabbit.reconnectDelay);
    if (!this.stopped) await connection.acquire(Deadline.after(settings.rpcResponseTimeout));
  }

  /** A channel that goes with its connection does not know why. */
  private failure(model: ChannelModel, thrown: unknown): ServerListenError {
    const { current, lastError } = this.connection;
    const cause = current === model ? toError(thrown) : (lastError ?? toError(thrown));
    return new ServerListenError(`Cannot listen: ${cause.message}`, { cause });
  }

  private async consumeOn(model: ChannelModel): Promise<void> {
    const channel = await this.join(model);
    this.channel = channel;
    try {
      // Of its consumers before.
      await channel.cancel(this);
      this.interrupted = false;
      await this.channels.setup.use(model, (setup) => this.declare(setup));
      await this.consumeAll(channel);
      if (this.interrupted) throw this.again('The broker took it away as soon as it was consumed from');
    } catch (error) {
      await this.withdraw(channel);
      throw this.verdict(channel, error);
    } finally {
      if (this.closed) await this.release(channel);
    }
    this.attached = !this.stopped;
    this.guilty = false;
    this.reattachBackoff.reset();
    if (this.started && this.attached) this.queueCheck.start();
    this.started = true;
    this.onChange();
  }

  private async join(model: ChannelModel): Promise<ConsumingChannel> {
    // What it got there before can still be settled.
    if (this.channel?.shared && this.channel.open) return this.channel;
    if (this.reading.prompt && !this.guilty) return this.channels.share(this, model);
    return this.channels.own(this, model, Math.min(...this.queues.map(({ gathering }) => gathering)));
  }

  private async declare(setup: Channel): Promise<void> {
    // It may have had to wait for its turn.
    if (this.stopped) return;
    for (const queue of this.queues) await queue.declare(setup, this.declarer);
  }

  private async consumeAll(channel: ConsumingChannel): Promise<void> {
    if (this.stopped) return;
    await Promise.all(this.distinct.map((queue) => this.consume(channel, queue)));
  }

  /** A queue may be there several times, once for each of its bindings. */
  private get distinct(): ConsumedQueue[] {
    return [...new Map(this.queues.map((queue) => [queue.name, queue])).values()];
  }

  private async consume(channel: ConsumingChannel, queue: ConsumedQueue): Promise<void> {
    const { name, options } = queue;
    queue.starting();
    await channel.consume(
      this,
      { queue: name, options, prefetch: this.reading.prefetch },
      {
        delivered: (raw) => this.deliver(raw, queue, channel),
        cancelled: (revoked) => this.cancelled(queue, channel, revoked),
      },
    );
    queue.started();
    if (!queue.isResuming) return;
    clearTimeout(this.resuming);
    this.resuming = setTimeout(() => {
      if (this.channel === channel && queue.isResuming) this.beginAnew(queue, channel);
    }, RESUME_LIMIT);
  }

  /** The stream was deleted and declared again while we were away. */
  private beginAnew(queue: ConsumedQueue, channel: ConsumingChannel): void {
    queue.restart();
    this.settings.logger.warn(`The stream ${queue.name} is another one than before: it is read from its beginning`);
    this.gone(channel);
  }

  private cancelled(queue: ConsumedQueue, channel: ConsumingChannel, revoked: number): void {
    const { counters } = this;
    const { logger } = this.settings;
    // Its queue may have been deleted before the broker heard that nobody consumes any more.
    if (this.stopped) return;
    counters.count('cancelledConsumers');
    counters.count('revokedMessages', revoked);
    const held = revoked === 0 ? '' : `; messages that it held and the broker has taken back: ${revoked}`;
    logger.warn(`The broker cancelled the consumer of ${queue.name}${held}; consuming again`);
    this.gone(channel);
  }

  /** Ends the flow. On a channel that is shared, what was delivered can still be acknowledged. */
  private async withdraw(channel: ConsumingChannel): Promise<void> {
    await (channel.shared ? channel.cancel(this).catch(() => undefined) : channel.leave(this));
  }

  /** What to make of a failure: a channel that is shared may have been closed for what another did. */
  private verdict(channel: ConsumingChannel, error: unknown): unknown {
    const lost = channel.shared && !channel.open && this.connection.current === channel.model;
    if (!lost || error instanceof DeclareRefused) return error;
    this.guilty = isRefusedConsume(error);
    if (this.guilty) return new DeclareAgain('The broker refuses it on a channel that others read from', error);
    return this.again('The channel was closed', error);
  }

  private again(message: string, cause?: unknown): DeclareAgain {
    return new DeclareAgain(message, cause, this.settings.rabbit.reconnectDelay);
  }

  private deliver(raw: RawDelivery, queue: ConsumedQueue, channel: ConsumingChannel): void {
    const { counters } = this;
    const { logger } = this.settings;
    const { deliveryTag, properties } = raw;
    if (properties.damage !== undefined) {
      counters.count('damagedHeaders');
      logger.warn(`Read a message from ${queue.name} without all of its headers: ${properties.damage}`);
    }
    const { acknowledger } = channel;
    if (queue.isStream) {
      const judgement = queue.judge(raw);
      if (judgement === 'seen') void acknowledger.acknowledge(deliveryTag);
      else if (judgement === 'of another stream') this.beginAnew(queue, channel);
      if (judgement !== 'new') return;
    }
    try {
      this.reading.onMessage(new RabbitDelivery(raw, queue, acknowledger));
    } catch (error) {
      // Thrown on, it would end the connection, and come back with the next one.
      counters.count('refusedMessages');
      logger.error(`Dropped a message from ${queue.name}: ${oneLine(toError(error).message)}`);
      void acknowledger.acknowledge(deliveryTag);
    }
  }
}
