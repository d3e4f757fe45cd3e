import { STREAM_OFFSET } from '../wire/header-names.js';
import type { RawDelivery } from '../wire/incoming-content.js';

/** Bytes at the end of a body that identify a message. oslo.messaging writes the unique id last. */
const SUFFIX_BYTES = 512;

/** Minimum time for a stream that is not empty to deliver its first message, in milliseconds. */
const MIN_PROBE_MS = 250;
/** Minimum time for the first message, in round trips on the channel: a busy broker needs longer for both. */
const PROBE_ROUND_TRIPS = 10;
/** Maximum time for the first message, in milliseconds. By then RabbitMQ has counted the messages of the stream. */
const MAX_PROBE_MS = 5000;

/** Last message that was read. */
interface Mark {
  readonly offset: number;
  readonly size: number;
  readonly suffix: Buffer;
}

/** Meaning of a message of a stream: to be processed, to be skipped, or proof that the stream is another one. */
export type Judgement = 'new' | 'seen' | 'of another stream';

/**
 * Place in a stream up to which it was read.
 *
 * A server that has never read begins at the last message, as in Python. In an empty stream it begins at the first one,
 * since RabbitMQ's `last` skips a message that is published while the consumer is being started. RabbitMQ counts the
 * messages of a stream every few seconds only, so a count of 0 proves nothing: the stream is probed. A stream that holds
 * messages but delivers none in time counts as empty. It is then read from its first message, which is some seconds old.
 *
 * Later, an offset alone does not identify a place. A stream that was deleted and declared again begins at 0, and
 * RabbitMQ waits for an offset that the stream has not reached. So reading resumes at the last message that was read,
 * which has to be the same one. The message is there unless the stream was truncated behind it, or is another one.
 */
export class StreamPlace {
  private mark: Mark | undefined;
  private isNew = false;
  private wasRead = false;
  private hasMessages = false;
  /** Ends the {@link probe} in progress. */
  endProbe: () => void = () => undefined;
  /** True while the next message shows whether the stream is the same one. */
  resuming = false;
  /** True while messages only show that the stream is not empty. */
  probing = false;

  /** Argument `x-stream-offset` of the next consumer. */
  get offset(): number | 'first' | 'last' {
    if (this.mark) return this.mark.offset;
    return this.isNew || this.wasRead || !this.hasMessages ? 'first' : 'last';
  }

  /** Notes that the stream does not exist. */
  missing(): void {
    this.mark = undefined;
    this.isNew = true;
  }

  /** Notes that the stream exists. @param messages its message count at the broker, which may be some seconds old */
  found(messages: number): void {
    this.hasMessages ||= messages > 0;
  }

  /** Notes that a consumer is about to be started at the {@link offset}. */
  starting(): void {
    this.resuming = this.mark !== undefined;
    this.probing = !this.mark && !this.isNew && !this.wasRead && !this.hasMessages;
  }

  /**
   * Resolves with true as soon as the stream delivers a message, and with false where it is empty or the probe is ended.
   * @param roundTrip time in milliseconds that the broker has taken to answer a method on the channel
   */
  async probe(roundTrip: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(MAX_PROBE_MS, Math.max(MIN_PROBE_MS, PROBE_ROUND_TRIPS * roundTrip)));
      this.endProbe = resolve;
      if (this.hasMessages) resolve();
    });
    clearTimeout(timer);
    // Further messages of this consumer are skipped, too.
    this.probing = this.hasMessages;
    return this.hasMessages;
  }

  /** Notes that the consumer has been started. */
  started(): void {
    this.wasRead = true;
    this.isNew = false;
  }

  judge({ properties, body }: RawDelivery): Judgement {
    if (this.probing) {
      this.hasMessages = true;
      this.endProbe();
      return 'seen';
    }
    if (!this.resuming) return 'new';
    this.resuming = false;
    const offset = properties.headers.get(STREAM_OFFSET);
    const { mark } = this;
    if (!mark || typeof offset !== 'number') return 'new';
    // The stream was truncated behind the mark. All messages from here on are unread, whatever stream it is.
    if (offset > mark.offset) return 'new';
    const isSame =
      offset === mark.offset && body.length === mark.size && body.subarray(-SUFFIX_BYTES).equals(mark.suffix);
    if (!isSame) this.restart();
    return isSame ? 'seen' : 'of another stream';
  }

  /** Notes that the stream is another one, to be read from its beginning. */
  restart(): void {
    this.mark = undefined;
    this.resuming = false;
  }

  /** Notes that a message has been acknowledged. */
  pass({ properties, body }: RawDelivery): void {
    const offset = properties.headers.get(STREAM_OFFSET);
    if (typeof offset !== 'number' || offset <= (this.mark?.offset ?? -1)) return;
    this.mark = { offset, size: body.length, suffix: Buffer.from(body.subarray(-SUFFIX_BYTES)) };
  }
}
