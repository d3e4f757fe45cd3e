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
 * Channel that reads messages one by one with `basic.get`. It has no consumer, so that an auto-delete queue stays. Messages
 * bypass amqplib, which would lose the connection for a header of a type that it does not know.
 */
export class GettingChannel {
  /** Answers that are awaited, in their order. */
  private readonly waits: Wait[] = [];
  private failure: Error | undefined;
  private open = true;

  /** @throws MessageDeliveryFailure where this release of amqplib has other internals */
  static async on(model: ChannelModel): Promise<GettingChannel> {
    const wire = Wire.of(model);
    const channel = await model.createChannel();
    return new GettingChannel(wire, channel);
  }

  private readonly number: number;
  private readonly wire: Wire;

  private constructor(
    wire: Wire | undefined,
    private readonly channel: Channel,
  ) {
    const number = wire?.attach(channel, { got: (raw) => this.waits.shift()?.resolve(raw) });
    if (!wire || number === undefined)
      throw new MessageDeliveryFailure('Messages cannot be read with this release of amqplib: install amqplib 2');
    this.wire = wire;
    this.number = number;
    channel.on('error', (error: Error) => {
      this.failure = error;
    });
    channel.once('close', () => this.end());
  }

  /** Number of messages of the queue that are ready. @throws Error for a queue that does not exist */
  async count(queue: string): Promise<number> {
    return (await this.channel.checkQueue(queue)).messageCount;
  }

  /** Gets the first message that nobody holds; undefined where there is none. Several can be asked for at once. */
  get(queue: string): Promise<RawDelivery | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.open) {
        reject(this.reason());
        return;
      }
      this.waits.push({ resolve, reject });
      const most = FRAME_OVERHEAD + 8 + MAX_NAME_BYTES;
      this.wire.writer.fill(most, (bytes, start) => putGet(bytes, start, this.number, queue));
    });
  }

  /** Removes a message from its queue. */
  acknowledge(deliveryTag: number): void {
    if (!this.open) throw this.reason();
    this.channel.ack({ fields: { deliveryTag } } as never);
  }

  /**
   * Closes the channel: all messages that are not acknowledged return to their places. Resolves when the broker has done so.
   * @param byNack true to return them by `basic.nack`, which RabbitMQ from 4.3 on does not count as a delivery. Before, a
   * quorum queue without a delivery limit would put them at its end
   */
  async release(byNack: boolean): Promise<void> {
    if (!this.open) return;
    if (byNack) this.channel.nackAll(true);
    await this.channel.close().catch(() => undefined);
    this.end();
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
