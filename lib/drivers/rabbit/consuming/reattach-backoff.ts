import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import { replyCodeOf } from '../connection/reply-code.js';

/** Delay before queues are attached again after the broker has closed a connection because of them, perhaps. */
const BACKOFF: Backoff = { first: 1000, growth: 'doubling', cap: 60_000, jitter: 1 };

/** Reply codes from here on are connection errors: a client did something that RabbitMQ does not accept. */
const MIN_CONNECTION_ERROR = 500;

/**
 * Back-off of one consumer whose requests may cause the broker to close the whole connection. The delays grow and are
 * random. So the other consumers of the connection attach first, and only the one that causes the error keeps waiting.
 */
export class ReattachBackoff {
  private failures = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Counts a connection error. @param error reason why the connection ended while the queues were being attached */
  grow(error: Error | undefined): void {
    const code = replyCodeOf(error);
    if (code !== undefined && code >= MIN_CONNECTION_ERROR) this.failures++;
  }

  /** Forgets the errors: the queues are attached. */
  reset(): void {
    this.failures = 0;
  }

  /** Milliseconds to wait after the next connect; 0 without an error. */
  get delay(): number {
    return this.failures === 0 ? 0 : backoffDelay(BACKOFF, this.failures - 1, this.random);
  }
}
