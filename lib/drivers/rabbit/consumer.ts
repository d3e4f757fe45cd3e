import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import type { Deadline } from '../../core/deadline.js';
import { ServerListenError, toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import type { Delivery } from '../delivery.js';
import { Acknowledger } from './acknowledger.js';
import type { RabbitConnection } from './connection.js';
import { ConsumedQueue } from './consumed-queue.js';
import { ConsumingChannel } from './consuming-channel.js';
import { DeclareAgain, type Declarer } from './declarer.js';
import { patiently } from './patience.js';
import { RabbitDelivery } from './rabbit-delivery.js';
import { Suspicion } from './suspicion.js';
import type { QueueSpec } from './topology.js';
import type { Arrival } from './wire/incoming-content.js';

/** Called with each message. */
export type OnMessage = (delivery: Delivery) => void;

/** Wait before the queues are tried again that could not be consumed from. */
const RETRY_DELAY = 1000;

/** Longest wait, in milliseconds, for a broker that does not answer when we stop: the connection may have stalled. */
const PATIENCE = 1000;

/** A set of queues declared and consumed from on one channel; brought back whenever the broker takes it away. */
export class Consumer {
  /** Called whenever it begins or ends to consume, and with what keeps it from it. */
  onChange: (error?: Error) => void = () => undefined;
  private channel: ConsumingChannel | undefined;
  private readonly queues: readonly ConsumedQueue[];
  private readonly unsubscribe: () => void;
  private timer: NodeJS.Timeout | undefined;
  private opening: Promise<void> | undefined;
  private readonly suspicion = new Suspicion();
  private stopped = false;
  private closed = false;

  constructor(
    private readonly connection: RabbitConnection,
    private readonly settings: Settings,
    queues: readonly QueueSpec[],
    private readonly prefetch: number,
    private readonly onMessage: OnMessage,
    private readonly declarer: Declarer,
  ) {
    this.queues = queues.map((queue) => new ConsumedQueue(queue));
    this.unsubscribe = connection.onConnected(() => this.reopen(this.suspicion.delay()));
  }

  /**
   * Resolves when every queue is consumed from.
   * @throws ServerListenError when that fails, MessageDeliveryFailure when the broker cannot be reached
   */
  async start(deadline: Deadline, retry?: number): Promise<void> {
    await this.connection.acquire(deadline, retry);
    await deadline.race(this.ensureOpen(), () => new ServerListenError('The queues were not ready in time'));
    if (!this.channel)
      throw new ServerListenError('The queues could not be consumed from', { cause: this.connection.lastError });
  }

  /** Whether all its queues are consumed from. */
  get attached(): boolean {
    return this.channel !== undefined;
  }

  /** Stops the flow; what has been delivered can still be acknowledged. */
  async cancel(): Promise<void> {
    this.stopped = true;
    this.unsubscribe();
    clearTimeout(this.timer);
    if (this.opening) await patiently(this.opening, PATIENCE);
    if (this.channel) await patiently(this.channel.cancel(), PATIENCE);
  }

  /** The names of the queues, in the order given. A number in one is known once it has started. */
  get names(): string[] {
    return this.queues.map(({ name }) => name);
  }

  /** Deletes what is temporary, and closes the channel: what was not acknowledged goes back to its queue. */
  async close(): Promise<void> {
    const { channel } = this;
    this.closed = true;
    this.channel = undefined;
    if (channel) await patiently(this.release(channel), PATIENCE);
  }

  private async release(channel: ConsumingChannel): Promise<void> {
    for (const queue of this.queues) await queue.release(channel.channel);
    await channel.close();
  }

  private reopen(delay: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.ensureOpen().catch((thrown: unknown) => {
        const error = toError(thrown);
        this.settings.logger.error(`Cannot consume: ${oneLine(error.message)}`);
        this.onChange(error);
        // Without a connection the next one brings us back.
        if (this.connection.current) this.reopen(RETRY_DELAY);
        else this.suspicion.grow(this.connection.lastError);
      });
    }, delay);
  }

  private ensureOpen(): Promise<void> {
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    while (!this.stopped && !this.channel) {
      const model = this.connection.current;
      if (!model)
        throw new ServerListenError('There is no connection to the broker', { cause: this.connection.lastError });
      try {
        await this.consumeOn(model);
      } catch (error) {
        if (!(error instanceof DeclareAgain)) throw this.failure(model, error);
        await pause(error.delay);
      }
    }
  }

  /** A channel that goes with its connection does not know why. */
  private failure(model: ChannelModel, thrown: unknown): ServerListenError {
    const { current, lastError } = this.connection;
    const cause = current === model ? toError(thrown) : (lastError ?? toError(thrown));
    return new ServerListenError(`Cannot listen: ${cause.message}`, { cause });
  }

  private async consumeOn(model: ChannelModel): Promise<void> {
    const consuming = await ConsumingChannel.on(model);
    const { channel } = consuming;
    const acknowledger = new Acknowledger(consuming, Math.min(...this.queues.map(({ gathering }) => gathering)));
    const { reconnectDelay, reconnectSplay } = this.settings.rabbit;
    let ended = false;
    channel.on('close', () => {
      ended = true;
      acknowledger.close();
      if (this.channel !== consuming) return;
      this.channel = undefined;
      this.onChange();
      this.reopen(reconnectDelay + Math.random() * reconnectSplay);
    });
    if (this.prefetch > 0) await channel.prefetch(this.prefetch);
    for (const queue of this.queues) await queue.declare(channel, this.declarer);
    await Promise.all(this.distinct().map((queue) => this.consume(consuming, acknowledger, queue)));
    if (this.closed) {
      await this.release(consuming);
      return;
    }
    if (ended)
      throw new DeclareAgain('The channel was closed as soon as it was consumed on', undefined, reconnectDelay);
    this.channel = consuming;
    this.suspicion.end();
    this.onChange();
  }

  /** A queue may be there several times, once for each of its bindings. */
  private distinct(): ConsumedQueue[] {
    return [...new Map(this.queues.map((queue) => [queue.name, queue])).values()];
  }

  private consume(channel: ConsumingChannel, acknowledger: Acknowledger, queue: ConsumedQueue): Promise<void> {
    return channel.consume(queue.name, queue.options, (arrival) => {
      if (arrival) {
        this.deliver(arrival, queue, acknowledger);
        return;
      }
      // The broker cancelled us: the queue is gone. A fresh channel declares it again.
      queue.cancelled();
      if (!this.stopped) void channel.close();
    });
  }

  private deliver(arrival: Arrival, queue: ConsumedQueue, acknowledger: Acknowledger): void {
    const { counters, logger } = this.settings;
    const { deliveryTag, properties } = arrival;
    if (properties.damage !== undefined) {
      counters.count('damagedHeaders');
      logger.warn(`Read a message from ${queue.name} without all of its headers: ${properties.damage}`);
    }
    acknowledger.delivered(deliveryTag);
    try {
      this.onMessage(new RabbitDelivery(arrival, queue, acknowledger));
    } catch (error) {
      // Thrown on, it would end the connection, and come back with the next one.
      counters.count('refusedMessages');
      logger.error(`Dropped a message from ${queue.name}: ${oneLine(toError(error).message)}`);
      void acknowledger.acknowledge(deliveryTag);
    }
  }
}
