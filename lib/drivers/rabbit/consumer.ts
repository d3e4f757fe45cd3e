import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Deadline } from '../../core/deadline.js';
import { ServerListenError, toError } from '../../core/errors.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import type { Delivery } from '../delivery.js';
import { Acknowledger } from './acknowledger.js';
import type { RabbitConnection } from './connection.js';
import { type Adopted, DeclareConflict, declareQueue, type QueueSpec } from './topology.js';

/** Called with each message. */
export type OnMessage = (delivery: Delivery) => void;

/** Wait before a channel that the broker closed is opened again. */
const REOPEN_DELAY = 200;

/** A set of queues declared and consumed from on one channel; brought back whenever the broker takes it away. */
export class Consumer {
  private channel: Channel | undefined;
  private tags: string[] = [];
  private readonly adopted: Adopted = new Set();
  private readonly unsubscribe: () => void;
  private timer: NodeJS.Timeout | undefined;
  private opening: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly connection: RabbitConnection,
    private readonly settings: Settings,
    private readonly queues: readonly QueueSpec[],
    private readonly prefetch: number,
    private readonly onMessage: OnMessage,
  ) {
    this.unsubscribe = connection.onConnected(() => this.reopen(0));
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

  /** Stops the flow; what has been delivered can still be acknowledged. */
  async cancel(): Promise<void> {
    this.stopped = true;
    this.unsubscribe();
    clearTimeout(this.timer);
    await this.opening?.catch(() => undefined);
    const { channel } = this;
    if (channel) await Promise.all(this.tags.splice(0).map((tag) => channel.cancel(tag))).catch(() => undefined);
  }

  /** Deletes the queues named, and closes the channel: what was not acknowledged goes back to its queue. */
  async close(queuesToDelete: readonly string[]): Promise<void> {
    const { channel } = this;
    this.channel = undefined;
    if (!channel) return;
    for (const queue of queuesToDelete) await channel.deleteQueue(queue).catch(() => undefined);
    await channel.close().catch(() => undefined);
  }

  private reopen(delay: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.ensureOpen().catch((error: unknown) => {
        this.settings.logger.error(`Cannot consume: ${oneLine(toError(error).message)}`);
        // Without a connection the next one brings us back.
        if (this.connection.current) this.reopen(REOPEN_DELAY * 5);
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
        if (!(error instanceof DeclareConflict))
          throw new ServerListenError(`Cannot listen: ${toError(error).message}`, { cause: error });
        this.adopted.add(error.thing);
        this.settings.logger.warn(`${error.message}; it is used as it is`);
      }
    }
  }

  private async consumeOn(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.reopen(REOPEN_DELAY);
    });
    if (this.prefetch > 0) await channel.prefetch(this.prefetch);
    for (const queue of this.queues) await declareQueue(channel, queue, this.adopted);
    const acknowledger = new Acknowledger(channel);
    // A queue may be there several times, once for each of its bindings.
    const names = [...new Set(this.queues.map(({ name }) => name))];
    this.tags = await Promise.all(names.map((name) => this.consume(channel, acknowledger, name)));
    this.channel = channel;
  }

  private async consume(channel: Channel, acknowledger: Acknowledger, queue: string): Promise<string> {
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message) {
        acknowledger.delivered(message.fields.deliveryTag);
        this.onMessage(deliveryOf(message, queue, acknowledger));
      }
      // The broker cancelled us: the queue is gone. A fresh channel declares it again.
      else if (!this.stopped) channel.close().catch(() => undefined);
    });
    return consumerTag;
  }
}

function deliveryOf(message: ConsumeMessage, queue: string, acknowledger: Acknowledger): Delivery {
  const { fields, properties, content } = message;
  // Quorum queues count; classic ones do not.
  const returns: unknown = Object.getOwnPropertyDescriptor(properties.headers ?? {}, 'x-delivery-count')?.value;
  return {
    body: content,
    queue,
    returns: typeof returns === 'number' ? returns : 0,
    acknowledge: () => acknowledger.acknowledge(fields.deliveryTag),
    requeue: () => acknowledger.requeue(fields.deliveryTag),
  };
}
