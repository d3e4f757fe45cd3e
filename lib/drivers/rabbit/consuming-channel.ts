import type { Channel, ChannelModel, ConsumeMessage, Message, MessageProperties, Options } from 'amqplib';
import { HEADERS } from './wire/content-header.js';
import { METHOD } from './wire/frame-format.js';
import type { Arrival } from './wire/incoming-content.js';
import { putSettlement, SETTLEMENT_SIZE } from './wire/outgoing-frames.js';
import { Wire } from './wire/wire.js';

/** Called with each message, and without one when the broker has ended the consumer. */
export type OnArrival = (arrival: Arrival | undefined) => void;

/** The flags of a `basic.ack` and of a `basic.nack`. */
const MULTIPLE = 1;
const REQUEUE = 2;

/** A channel that messages are read from. Its consumers get what the wire brings, past amqplib where that is possible. */
export class ConsumingChannel {
  private readonly consumers = new Map<string, OnArrival>();
  private readonly wire: Wire | undefined;
  private readonly number: number | undefined;
  private open = true;

  static async on(model: ChannelModel): Promise<ConsumingChannel> {
    return new ConsumingChannel(model, await model.createChannel());
  }

  private constructor(
    model: ChannelModel,
    /** For all else that one does with a channel. */
    readonly channel: Channel,
  ) {
    channel.on('error', () => undefined);
    channel.once('close', () => this.end());
    this.wire = Wire.of(model);
    this.number = this.wire?.attach(channel, {
      delivered: (consumerTag, arrival) => this.consumers.get(consumerTag)?.(arrival),
    });
  }

  /** Resolves when the broker has begun to deliver. */
  async consume(queue: string, options: Options.Consume, onArrival: OnArrival): Promise<void> {
    // A short one: it comes with every message.
    const consumerTag = String(this.consumers.size);
    this.consumers.set(consumerTag, onArrival);
    const onMessage = (message: ConsumeMessage | null) => onArrival(message ? arrivalOf(message) : undefined);
    await this.channel.consume(queue, onMessage, { ...options, consumerTag });
  }

  /** Ends the consumers; what they got can still be settled. */
  async cancel(): Promise<void> {
    const tags = [...this.consumers.keys()];
    await Promise.all(tags.map((tag) => this.channel.cancel(tag)));
    for (const tag of tags) this.consumers.delete(tag);
  }

  /** Takes messages off their queue: one, or all up to it. False when the channel is gone, so that they come again. */
  acknowledge(deliveryTag: number, multiple: boolean): boolean {
    return this.settle(METHOD.ACK, deliveryTag, multiple ? MULTIPLE : 0);
  }

  /** Puts a message back. Without the channel it is there already. */
  requeue(deliveryTag: number): void {
    this.settle(METHOD.NACK, deliveryTag, REQUEUE);
  }

  async close(): Promise<void> {
    this.end();
    await this.channel.close().catch(() => undefined);
  }

  private end(): void {
    this.open = false;
    this.consumers.clear();
  }

  private settle(method: typeof METHOD.ACK | typeof METHOD.NACK, deliveryTag: number, flags: number): boolean {
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
      else channel.nack(message, false, true);
      return true;
    } catch {
      // amqplib throws while the connection is being closed.
      return false;
    }
  }
}

function arrivalOf({ fields, properties, content }: ConsumeMessage): Arrival {
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
