import { type QueueType, type RawDelivery, type ReadingChannel, settleWithin } from '../../internal.js';

/** Size in bytes of a body from which on the next message is asked for by itself. */
const LARGE_BODY_BYTES = 256 * 1024;
/** Maximum number of messages that are asked for before the one in hand is done. */
const MAX_AHEAD = 8;
/** Maximum prefetch of a consumer. */
const MAX_PREFETCH = 65_535;
/** Time in milliseconds without a message after which a consumer has got all: another program has taken some. */
const SILENCE_MS = 2000;

/** First messages of a queue, one after the other. */
export interface MessageSource {
  /** True where messages return in another order than they were in. */
  readonly reorders: boolean;
  /** True where they return by `basic.nack`. */
  readonly returnsByNack: boolean;
  /** Number of messages that it can read. */
  readonly limit: number;
  /** Returns the next message; undefined for no more. */
  next(left: number): Promise<RawDelivery | undefined>;
}

/**
 * Returns a source that keeps the order of the queue, as measured on RabbitMQ 3.10 and 4.3:
 * - a classic queue: by any means;
 * - a quorum queue from 4.3 on: where each message returns by a `basic.nack` of its own, which is not counted as a delivery
 *   there, while the end of a channel is;
 * - an older quorum queue: where a consumer reads, and its channel is closed. A nack moves messages to the end of the queue
 *   where it has no delivery limit, and messages of `basic.get` return in any order.
 * A consumer gets all messages at once. So a work that holds each of them for a while uses `basic.get` there, too.
 * @param isLook true where the work holds no message
 */
export function messageSource(channel: ReadingChannel, queue: string, type: QueueType, isLook: boolean): MessageSource {
  const isOldQuorum = type.type === 'quorum' && !type.returnsByNack;
  // The end of its consumer would delete a classic queue that is auto-delete.
  return isOldQuorum && type.isKnown && isLook
    ? new Consumed(channel, queue)
    : new Got(channel, queue, isOldQuorum, type.returnsByNack);
}

class Got implements MessageSource {
  readonly limit = Number.POSITIVE_INFINITY;
  private readonly asked: Promise<RawDelivery | undefined>[] = [];
  private ahead = 1;

  constructor(
    private readonly channel: ReadingChannel,
    private readonly queue: string,
    readonly reorders: boolean,
    readonly returnsByNack: boolean,
  ) {}

  async next(left: number): Promise<RawDelivery | undefined> {
    while (this.asked.length < Math.min(this.ahead, left)) this.ask();
    const raw = await this.asked.shift();
    this.ahead = raw && raw.body.length >= LARGE_BODY_BYTES ? 1 : Math.min(MAX_AHEAD, this.ahead + 1);
    return raw;
  }

  private ask(): void {
    const asked = this.channel.get(this.queue);
    // The reading may end before it awaits this one.
    asked.catch(() => undefined);
    this.asked.push(asked);
  }
}

class Consumed implements MessageSource {
  readonly limit = MAX_PREFETCH;
  readonly reorders = false;
  readonly returnsByNack = false;
  private started = false;

  constructor(
    private readonly channel: ReadingChannel,
    private readonly queue: string,
  ) {}

  async next(left: number): Promise<RawDelivery | undefined> {
    if (!this.started) {
      this.started = true;
      await this.channel.consume(this.queue, left);
    }
    const next = this.channel.next();
    let raw: RawDelivery | undefined;
    await settleWithin(
      next.then((one) => {
        raw = one;
      }),
      SILENCE_MS,
    );
    if (raw === undefined) next.catch(() => undefined);
    return raw;
  }
}
