import { growing } from '../../inbox/pauses.js';
import { replyCodeOf } from '../connection/reply-code.js';

/** First and longest bound, in milliseconds, of a wait that keeps others safe from what we do. */
const FIRST = 1000;
const LONGEST = 60_000;

/** Replies of RabbitMQ from here on mean that somebody did what it cannot bear. An orderly shutdown is below. */
const CONNECTION_ERRORS = 500;

/**
 * Whether what one consumer asks for may be what the broker closes the whole connection for. It then comes later and
 * later after the others, at random, so that they are attached meanwhile and only the guilty one goes on waiting.
 */
export class ReattachBackoff {
  private times = 0;

  /** @param error what ended the connection while the queues were being opened */
  grow(error: Error | undefined): void {
    const code = replyCodeOf(error);
    if (code !== undefined && code >= CONNECTION_ERRORS) this.times++;
  }

  end(): void {
    this.times = 0;
  }

  /** Milliseconds to wait once there is a connection again. */
  delay(): number {
    return this.times === 0 ? 0 : Math.random() * growing(FIRST, LONGEST, this.times - 1);
  }
}
