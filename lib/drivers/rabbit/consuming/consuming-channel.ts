import type { Channel, ChannelModel, ConsumeMessage, Message, MessageProperties, Options } from 'amqplib';
import { replyCodeOf } from '../connection/reply-code.js';
import { METHOD } from '../wire/frame-format.js';
import { READ_HEADERS } from '../wire/header-names.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import { putSettlement, SETTLEMENT_SIZE, type Settlement } from '../wire/outgoing-frames.js';
import { Wire } from '../wire/wire.js';
import { Acknowledger, type Holder } from './acknowledger.js';

/** Handlers of what the broker sends to one consumer. */
export interface Consuming {
  /** Called with each message. */
  delivered(raw: RawDelivery): void;
  /** Called when the broker has cancelled the consumer. @param revoked number of its unacknowledged messages */
  cancelled(revoked: number): void;
}

/** Delivery that was not settled within the `consumer_timeout` of the broker. */
export interface LateDelivery {
  readonly queue: string;
  /** Number of deliveries that its reader had not settled. */
  readonly held: number;
}

/** Owner of any number of consumers on a channel. */
export interface Reader {
  /**
   * Called when the channel has ended. The broker requeues all unsettled deliveries.
   * @param late delivery of this reader because of which the broker has closed the channel; undefined for another reason
   */
  ended(channel: ConsumingChannel, late: LateDelivery | undefined): void;
}

/** Parameters of a consumer. */
export interface Consumption {
  readonly queue: string;
  readonly options: Options.Consume;
  /** Maximum number of unsettled deliveries; 0 for no limit. */
  readonly prefetch: number;
}

interface Consumer extends Consuming, Holder {}

interface Use {
  /** Maximum number of readers. */
  readonly room: number;
  /** Time for which acknowledgements are gathered, in milliseconds. */
  readonly gathering: number;
}

/** Flags of `basic.ack`, `basic.nack` and `basic.reject`. */
const MULTIPLE = 1;
const REQUEUE = 2;
const REJECT_REQUEUE = 1;

/** Channel with consumers. Deliveries bypass amqplib where its version allows it. */
export class ConsumingChannel {
  /** Settles the deliveries of the channel. */
  readonly acknowledger: Acknowledger;
  /** Consumers by tag. */
  private readonly consumers = new Map<string, Consumer>();
  /** Consumer tags of each reader. */
  private readonly readers = new Map<Reader, Set<string>>();
  private readonly wire: Wire | undefined;
  private readonly number: number | undefined;
  private started = 0;
  private prefetch = 0;
  /** False once the channel has ended. */
  open = true;
  private error: Error | undefined;

  static async on(model: ChannelModel, use: Use): Promise<ConsumingChannel> {
    return new ConsumingChannel(model, await model.createChannel(), use);
  }

  private constructor(
    readonly model: ChannelModel,
    private readonly channel: Channel,
    private readonly use: Use,
  ) {
    this.acknowledger = new Acknowledger(this, use.gathering);
    channel.on('error', (error) => {
      this.error = error;
    });
    channel.once('close', () => this.end());
    this.wire = Wire.of(model);
    this.number = this.wire?.attach(channel, {
      delivered: (consumerTag, raw) => this.deliver(consumerTag, raw),
      cancelled: (consumerTag) => this.cancelled(consumerTag),
    });
  }

  /** True where the channel has room for other readers. */
  get shared(): boolean {
    return this.use.room > 1;
  }

  /** Adds a reader. Returns false when the channel is closed or full. @param full true to add it to a full channel, too */
  join(reader: Reader, full = false): boolean {
    if (this.readers.has(reader)) return true;
    if (!this.open || (this.readers.size >= this.use.room && !full)) return false;
    this.readers.set(reader, new Set());
    return true;
  }

  /** Removes a reader and requeues its unsettled deliveries. Closes the channel after the last reader. */
  async leave(reader: Reader): Promise<void> {
    const tags = this.readers.get(reader);
    if (!tags) return;
    this.readers.delete(reader);
    if (this.readers.size === 0) {
      this.end();
      await this.channel.close().catch(() => undefined);
      return;
    }
    // Before its consumers are cancelled, the broker would deliver the requeued messages here again.
    await this.cancelAll(tags);
    this.acknowledger.requeueAll(reader);
  }

  /** Closes the channel, as if it were lost: its readers start again on another one, and what they have not settled is redelivered. */
  drop(): void {
    if (!this.open) return;
    this.end();
    this.channel.close().catch(() => undefined);
  }

  /** Starts a consumer. Resolves when the broker has confirmed it. */
  async consume(reader: Reader, { queue, options, prefetch }: Consumption, handlers: Consuming): Promise<void> {
    // Short, since every delivery carries it.
    const consumerTag = (this.started++).toString(36);
    const tags = this.readers.get(reader);
    if (!tags) throw new Error('the channel is closed, or was left');
    tags.add(consumerTag);
    this.consumers.set(consumerTag, { ...handlers, reader, queue });
    const onMessage = (message: ConsumeMessage | null) =>
      message ? this.deliver(consumerTag, rawDeliveryOf(message)) : this.cancelled(consumerTag);
    const consuming = { ...options, consumerTag };
    await Promise.all([this.limit(prefetch), this.channel.consume(queue, onMessage, consuming)]);
  }

  /** Resolves when the consumers of streams have begun to read: the broker confirms them before. */
  async awaitStart(): Promise<void> {
    // The broker handles the methods of a channel in their order, so that any reply will do.
    await this.channel.prefetch(this.prefetch);
  }

  private deliver(consumerTag: string, raw: RawDelivery): void {
    const consumer = this.consumers.get(consumerTag);
    if (!consumer) {
      // Its reader has left and would never settle it.
      this.requeue(raw.deliveryTag, false);
      return;
    }
    this.acknowledger.delivered(raw.deliveryTag, consumer);
    consumer.delivered(raw);
  }

  /** Forgets the deliveries of a cancelled consumer. RabbitMQ 4.3 redelivers them at once and keeps the channel open. */
  private cancelled(consumerTag: string): void {
    const consumer = this.consumers.get(consumerTag);
    if (!consumer) return;
    this.consumers.delete(consumerTag);
    consumer.cancelled(this.acknowledger.revoke(consumer));
  }

  /** Stops the consumers of a reader. Their deliveries can still be settled. */
  async cancel(reader: Reader): Promise<void> {
    const tags = this.readers.get(reader);
    if (tags) await this.cancelAll(tags);
  }

  /** Acknowledges one message, or all up to it. Returns false when the channel is closed, so that they are redelivered. */
  acknowledge(deliveryTag: number, multiple: boolean): boolean {
    return this.settle(METHOD.ACK, deliveryTag, multiple ? MULTIPLE : 0);
  }

  /** Requeues a message. From RabbitMQ 4.3 on, a nack does not count as a return. */
  requeue(deliveryTag: number, counted: boolean): void {
    if (counted) this.settle(METHOD.REJECT, deliveryTag, REJECT_REQUEUE);
    else this.settle(METHOD.NACK, deliveryTag, REQUEUE);
  }

  /** Sets the prefetch limit of the consumers that are started later. */
  private async limit(prefetch: number): Promise<void> {
    if (prefetch === this.prefetch) return;
    this.prefetch = prefetch;
    await this.channel.prefetch(prefetch);
  }

  private async cancelAll(tags: Set<string>): Promise<void> {
    const ending = [...tags];
    await Promise.all(ending.map((tag) => this.channel.cancel(tag)));
    for (const tag of ending) {
      tags.delete(tag);
      this.consumers.delete(tag);
    }
  }

  private end(): void {
    if (!this.open) return;
    this.open = false;
    const { slowest } = this.acknowledger;
    const late =
      slowest && isTimeout(this.error)
        ? { queue: slowest.queue, held: this.acknowledger.heldBy(slowest.reader) }
        : undefined;
    this.acknowledger.close();
    this.consumers.clear();
    const readers = [...this.readers.keys()];
    this.readers.clear();
    for (const reader of readers) reader.ended(this, reader === slowest?.reader ? late : undefined);
  }

  private settle(method: Settlement, deliveryTag: number, flags: number): boolean {
    const { channel, number, wire } = this;
    if (!this.open) return false;
    if (wire && number !== undefined) {
      wire.writer.fill(SETTLEMENT_SIZE, (bytes, at) => putSettlement(bytes, at, number, method, deliveryTag, flags));
      return true;
    }
    try {
      // amqplib reads nothing else of a message to settle it.
      const message = { fields: { deliveryTag } } as Message;
      if (method === METHOD.ACK) channel.ack(message, flags === MULTIPLE);
      else if (method === METHOD.REJECT) channel.reject(message, true);
      else channel.nack(message, false, true);
      return true;
    } catch {
      // amqplib throws while the connection is being closed.
      return false;
    }
  }
}

/** Returns true where the broker has closed the channel because of the `basic.consume` that failed with this error. */
export function isRefusedConsume(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { classId, methodId } = error as { classId?: unknown; methodId?: unknown };
  return classId === METHOD.CONSUME >> 16 && methodId === (METHOD.CONSUME & 0xffff);
}

/** Returns true for a channel that RabbitMQ's `consumer_timeout` has closed. */
function isTimeout(error: Error | undefined): boolean {
  return error !== undefined && replyCodeOf(error) === 406 && /timed out/.test(error.message);
}

function rawDeliveryOf({ fields, properties, content }: ConsumeMessage): RawDelivery {
  return {
    deliveryTag: fields.deliveryTag,
    redelivered: fields.redelivered,
    properties: {
      headers: new Map(READ_HEADERS.map((name) => [name, header(properties, name)])),
      expiration: /^\d{1,15}$/.test(properties.expiration) ? Number(properties.expiration) : undefined,
      damage: undefined,
    },
    body: content,
  };
}

/** Returns a header. amqplib may have set the prototype of the headers. */
function header({ headers }: MessageProperties, name: string): unknown {
  return headers && Object.hasOwn(headers, name) ? headers[name] : undefined;
}
