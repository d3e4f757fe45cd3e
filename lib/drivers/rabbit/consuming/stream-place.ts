import type { RawDelivery } from '../wire/incoming-content.js';

/** Bytes at the end of a body by which a message is known again. oslo.messaging writes the unique id last. */
const END = 512;

/** A message that was read. */
interface Mark {
  readonly offset: number;
  readonly size: number;
  readonly end: Buffer;
}

/** Meaning of a message for whoever reads a stream again from where the reading ended. */
export type Judgement = 'new' | 'seen' | 'of another stream';

/**
 * Place in a stream up to which it was read. Offsets alone do not tell: a stream that was deleted and declared again
 * begins at 0, and RabbitMQ waits for an offset that it has not reached. So the reading resumes at the last message
 * that was read, which has to be the same one. It is there unless the stream was truncated behind it, or is another.
 */
export class StreamPlace {
  private mark: Mark | undefined;
  private isNew = false;
  private wasRead = false;
  /** True while the next message tells whether it is the same stream. */
  resuming = false;

  /** Argument `x-stream-offset` of the next consumer. A server that has never read begins at the last message, as in Python. */
  get offset(): number | 'first' | 'last' {
    if (this.mark) return this.mark.offset;
    return this.isNew || this.wasRead ? 'first' : 'last';
  }

  /** The stream was not there. */
  missing(): void {
    this.mark = undefined;
    this.isNew = true;
  }

  /** A consumer is about to be started at the {@link offset}. */
  starting(): void {
    this.resuming = this.mark !== undefined;
  }

  /** The consumer has been started. */
  started(): void {
    this.wasRead = true;
    this.isNew = false;
  }

  judge({ properties, body }: RawDelivery): Judgement {
    if (!this.resuming) return 'new';
    this.resuming = false;
    const offset = properties.headers.get('x-stream-offset');
    const { mark } = this;
    if (!mark || typeof offset !== 'number') return 'new';
    // Truncated behind it: all from here on is unread, whatever stream it is.
    if (offset > mark.offset) return 'new';
    const isSame = offset === mark.offset && body.length === mark.size && body.subarray(-END).equals(mark.end);
    if (!isSame) this.restart();
    return isSame ? 'seen' : 'of another stream';
  }

  /** It is another stream: it is read from its beginning. */
  restart(): void {
    this.mark = undefined;
    this.resuming = false;
  }

  /** A message has been acknowledged. */
  pass({ properties, body }: RawDelivery): void {
    const offset = properties.headers.get('x-stream-offset');
    if (typeof offset !== 'number' || offset <= (this.mark?.offset ?? -1)) return;
    this.mark = { offset, size: body.length, end: Buffer.from(body.subarray(-END)) };
  }
}
