import type { Channel, ChannelModel, ConsumeMessage, Message, MessageProperties, Options } from 'amqplib';
import { replyCodeOf } from '../connection/reply-code.js';
import { HEADERS } from '../wire/content-header.js';
import { METHOD } from '../wire/frame-format.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import { putSettlement, SETTLEMENT_SIZE, type Settlement } from '../wire/outgoing-frames.js';
import { Wire } from '../wire/wire.js';
import { Acknowledger, type Holder } from './acknowledger.js';

/** Handlers of what the broker sends to one consumer. */
export interface Consuming {
  /** Called with each message. */
  delivered(raw: RawDelivery): void;
  /** Called when the broker has cancelled the consumer. @param revoked number of messages that it held, unacknowledged */
  cancelled(revoked: number): void;
}

/** Whoever reads from a channel, by any number of consumers. */
export interface Reader {
  /**
   * The channel is gone, and all that was delivered there goes back.
   * @param late whether it is gone because this reader has been holding a delivery for longer than the broker bears
   */
  ended(channel: ConsumingChannel, late: boolean): void;
}

/** How a queue is consumed from. */
export interface Consumption {
  readonly queue: string;
  readonly options: Options.Consume;
  /** Messages that may be delivered and not settled; 0 is any number. */
  readonly prefetch: number;
}

interface Consumer extends Consuming, Holder {}

interface Use {
  /** Readers that there is room for. */
  readonly room: number;
  /** Milliseconds for which acknowledgements may be gathered. */
  readonly gathering: number;
}

/** The flags of a `basic.ack`, of a `basic.nack` and of a `basic.reject`. */
const MULTIPLE = 1;
const REQUEUE = 2;
const REJECT_REQUEUE = 1;

/** A channel that messages are read from. Its consumers get what the wire brings, past amqplib where that is possible. */
export class ConsumingChannel {
  /** Settles what was delivered. */
  readonly acknowledger: Acknowledger;
  /** By their tags. */
  private readonly consumers = new Map<string, Consumer>();
  /** The tags of each. */
  private readonly readers = new Map<Reader, Set<string>>();
  private readonly wire: Wire | undefined;
  private readonly number: number | undefined;
  private started = 0;
  private prefetch = 0;
  /** Whether anything can still be done there. */
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

  /** Whether there may be other readers. */
  get shared(): boolean {
    return this.use.room > 1;
  }

  /** Lets a reader in. False when the channel is gone, or full. @param full whether one more is let in than there is room for */
  join(reader: Reader, full = false): boolean {
    if (this.readers.has(reader)) return true;
    if (!this.open || (this.readers.size >= this.use.room && !full)) return false;
    this.readers.set(reader, new Set());
    return true;
  }

  /** Puts back what the reader has not settled, and closes the channel behind the last one. */
  async leave(reader: Reader): Promise<void> {
    const tags = this.readers.get(reader);
    if (!tags) return;
    this.readers.delete(reader);
    if (this.readers.size === 0) {
      this.end();
      await this.channel.close().catch(() => undefined);
      return;
    }
    // In this order, or it would be delivered here again.
    await this.cancelAll(tags);
    this.acknowledger.requeueAll(reader);
  }

  /** Resolves when the broker has begun to deliver. */
  async consume(reader: Reader, { queue, options, prefetch }: Consumption, handlers: Consuming): Promise<void> {
    // A short one: it comes with every message.
    const consumerTag = (this.started++).toString(36);
    const tags = this.readers.get(reader);
    if (!tags) throw new Error('the channel is closed, or was left');
    tags.add(consumerTag);
    this.consumers.set(consumerTag, { ...handlers, reader });
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
      // Nobody is left to settle it.
      this.requeue(raw.deliveryTag, false);
      return;
    }
    this.acknowledger.delivered(raw.deliveryTag, consumer);
    consumer.delivered(raw);
  }

  /** Forgets what the consumer holds: it is the broker's again. RabbitMQ 4.3 gives it to another at once, and keeps the channel. */
  private cancelled(consumerTag: string): void {
    const consumer = this.consumers.get(consumerTag);
    if (!consumer) return;
    this.consumers.delete(consumerTag);
    consumer.cancelled(this.acknowledger.revoke(consumer));
  }

  /** Ends the reader's consumers; what they got can still be settled. */
  async cancel(reader: Reader): Promise<void> {
    const tags = this.readers.get(reader);
    if (tags) await this.cancelAll(tags);
  }

  /** Takes messages off their queue: one, or all up to it. False when the channel is gone, so that they come again. */
  acknowledge(deliveryTag: number, multiple: boolean): boolean {
    return this.settle(METHOD.ACK, deliveryTag, multiple ? MULTIPLE : 0);
  }

  /** Puts a message back. Without the channel it is there already. From RabbitMQ 4.3 on, a nack does not count. */
  requeue(deliveryTag: number, counted: boolean): void {
    if (counted) this.settle(METHOD.REJECT, deliveryTag, REJECT_REQUEUE);
    else this.settle(METHOD.NACK, deliveryTag, REQUEUE);
  }

  /** Holds for the consumers that are started from now on: a channel does one thing after the other. */
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
    this.acknowledger.close();
    this.consumers.clear();
    const readers = [...this.readers.keys()];
    this.readers.clear();
    for (const reader of readers) reader.ended(this, reader === slowest && isTimeout(this.error));
  }

  private settle(method: Settlement, deliveryTag: number, flags: number): boolean {
    const { channel, number, wire } = this;
    if (!this.open) return false;
    if (wire && number !== undefined) {
      wire.writer.fill(SETTLEMENT_SIZE, (bytes, at) => putSettlement(bytes, at, number, method, deliveryTag, flags));
      return true;
    }
    try {
      // All that amqplib reads of a message to settle it.
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

/** Whether the broker closed a channel for a `basic.consume`, and it was the one that failed with this error. */
export function isRefusedConsume(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { classId, methodId } = error as { classId?: unknown; methodId?: unknown };
  return classId === METHOD.CONSUME >> 16 && methodId === (METHOD.CONSUME & 0xffff);
}

/** By RabbitMQ's `consumer_timeout`. */
function isTimeout(error: Error | undefined): boolean {
  return error !== undefined && replyCodeOf(error) === 406 && /timed out/.test(error.message);
}

function rawDeliveryOf({ fields, properties, content }: ConsumeMessage): RawDelivery {
  return {
    deliveryTag: fields.deliveryTag,
    redelivered: fields.redelivered,
    properties: {
      headers: new Map(HEADERS.map((name) => [name, header(properties, name)])),
      expiration: /^\d{1,15}$/.test(properties.expiration) ? Number(properties.expiration) : undefined,
      damage: undefined,
    },
    body: content,
  };
}

/** A header by its own name, whatever amqplib made of a `__proto__`. */
function header({ headers }: MessageProperties, name: string): unknown {
  return headers && Object.hasOwn(headers, name) ? headers[name] : undefined;
}
