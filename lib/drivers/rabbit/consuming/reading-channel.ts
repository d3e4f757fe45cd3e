import type { Channel, ChannelModel } from 'amqplib';
import { MessageDeliveryFailure } from '../../../core/errors.js';
import { FRAME, FRAME_HEAD, FRAME_OVERHEAD, METHOD } from '../wire/frame-format.js';
import type { RawDelivery } from '../wire/incoming-content.js';
import { MAX_NAME_BYTES, putFrame } from '../wire/outgoing-frames.js';
import { Wire } from '../wire/wire.js';

interface Wait {
  resolve(raw: RawDelivery | undefined): void;
  reject(error: Error): void;
}

/**
 * Channel that reads messages of a queue and returns them. Messages bypass amqplib, which would lose the connection for a header
 * of a type that it does not know.
 */
export class ReadingChannel {
  /** Calls of {@link next} and of {@link get} that wait for an answer, in their order. */
  private readonly waits: Wait[] = [];
  /** Messages that a consumer got and nobody has asked for. */
  private readonly delivered: RawDelivery[] = [];
  /** Delivery tags of messages that are not acknowledged, in their order. */
  private readonly held = new Set<number>();
  private readonly wire: Wire;
  private readonly number: number;
  private failure: Error | undefined;
  private open = true;

  /** @throws MessageDeliveryFailure where this release of amqplib has other internals */
  static async on(model: ChannelModel): Promise<ReadingChannel> {
    return new ReadingChannel(Wire.of(model), await model.createChannel());
  }

  private constructor(
    wire: Wire | undefined,
    private readonly channel: Channel,
  ) {
    const number = wire?.attach(channel, {
      got: (raw) => this.answer(raw),
      delivered: (_tag, raw) => this.answer(raw),
    });
    if (!wire || number === undefined)
      throw new MessageDeliveryFailure('Messages cannot be read with this release of amqplib: install amqplib 2');
    this.wire = wire;
    this.number = number;
    channel.on('error', (error: Error) => {
      this.failure = error;
    });
    channel.once('close', () => this.end());
  }

  /**
   * Gets the first message that nobody holds; undefined where there is none. Several can be asked for at once. There is no
   * consumer, so that an auto-delete queue stays.
   */
  get(queue: string): Promise<RawDelivery | undefined> {
    return this.wait(() => {
      const most = FRAME_OVERHEAD + 8 + MAX_NAME_BYTES;
      this.wire.writer.fill(most, (bytes, start) => putGet(bytes, start, this.number, queue));
    });
  }

  /** Starts a consumer that gets that many messages. {@link next} returns them. */
  async consume(queue: string, count: number): Promise<void> {
    await this.channel.prefetch(count);
    await this.channel.consume(queue, () => undefined);
  }

  /** Returns the next message of the consumer. */
  next(): Promise<RawDelivery | undefined> {
    const first = this.delivered.shift();
    return first ? Promise.resolve(first) : this.wait(() => undefined);
  }

  /** Removes a message from its queue. */
  acknowledge(deliveryTag: number): void {
    if (!this.open) throw this.reason();
    this.held.delete(deliveryTag);
    this.channel.ack({ fields: { deliveryTag } } as never);
  }

  /**
   * Closes the channel: all messages that are not acknowledged return to their queue. Resolves when the broker has closed it.
   * @param byNack true to return each by `basic.nack` before
   */
  async release(byNack: boolean): Promise<void> {
    if (!this.open) return;
    if (byNack) for (const deliveryTag of this.held) this.channel.nack({ fields: { deliveryTag } } as never);
    await this.channel.close().catch(() => undefined);
    this.end();
  }

  private wait(ask: () => void): Promise<RawDelivery | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.open) {
        reject(this.reason());
        return;
      }
      this.waits.push({ resolve, reject });
      ask();
    });
  }

  private answer(raw: RawDelivery | undefined): void {
    if (raw) this.held.add(raw.deliveryTag);
    const wait = this.waits.shift();
    if (wait) wait.resolve(raw);
    else if (raw) this.delivered.push(raw);
  }

  private end(): void {
    if (!this.open) return;
    this.open = false;
    for (const { reject } of this.waits.splice(0)) reject(this.reason());
  }

  private reason(): Error {
    return this.failure ?? new MessageDeliveryFailure('The channel to the broker was closed');
  }
}

/** Writes `basic.get`. Returns its end. */
function putGet(bytes: Buffer, start: number, channel: number, queue: string): number {
  let at = start + FRAME_HEAD;
  at = bytes.writeInt32BE(METHOD.GET, at);
  at = bytes.writeUInt16BE(0, at);
  const size = bytes.write(queue, at + 1);
  bytes[at] = size;
  at = bytes.writeUInt8(0, at + 1 + size);
  return putFrame(bytes, start, at, FRAME.METHOD, channel);
}
