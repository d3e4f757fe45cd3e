import { type Backoff, backoffDelay } from '../../core/backoff.js';

/** Delays before a reply is tried again while its queue is missing or full. */
const RETRY_BACKOFF: Backoff = { first: 250, growth: 'doubling', cap: 1000 };

/** A reply as it is published. */
export interface EncodedReply {
  readonly queue: string;
  readonly body: Buffer;
  readonly uniqueId: string;
}

/** Reply that waits until its queue accepts it. */
export interface PendingReply {
  readonly reply: EncodedReply;
  /** Time on the monotonic clock, in milliseconds, at which the reply is dropped. */
  readonly until: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Outcome of one attempt. An Error is the reason why the queue does not accept the reply now. A reply that `failed` was
 * rejected, and is not tried again.
 */
export type ReplyAttempt = 'delivered' | 'failed' | Error;

export interface MissingReplyQueuePorts {
  attempt(pending: PendingReply): Promise<ReplyAttempt>;
  /**
   * Called once, when no reply is waiting any more.
   * @param missing time in milliseconds for which the queue accepted nothing; 0 when it accepts replies again
   * @param reason reason for which it accepted nothing
   */
  end(missing: number, reason: Error): void;
}

/** Replies to one queue that is missing or full. Until the queue accepts a reply, only the first is tried. */
export class MissingReplyQueue {
  private readonly replies = new Set<PendingReply>();
  private timer: NodeJS.Timeout | undefined;
  private attempts = 0;
  private readonly since = performance.now();

  /** @param reason reason for which the queue accepted nothing */
  constructor(
    private readonly ports: MissingReplyQueuePorts,
    private reason: Error,
  ) {
    this.schedule();
  }

  add(pending: PendingReply): void {
    this.replies.add(pending);
  }

  /** Rejects all waiting replies. */
  close(error: Error): void {
    clearTimeout(this.timer);
    for (const { reject } of this.replies) reject(error);
    this.replies.clear();
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.tryAgain(), backoffDelay(RETRY_BACKOFF, this.attempts++));
  }

  private async tryAgain(): Promise<void> {
    this.dropExpired();
    const [first] = this.replies;
    const isBack = first !== undefined && (await this.attempt(first)) === 'delivered';
    if (isBack) await Promise.all([...this.replies].map((pending) => this.attempt(pending)));
    if (this.replies.size > 0) this.schedule();
    else this.ports.end(isBack ? 0 : performance.now() - this.since, this.reason);
  }

  private async attempt(pending: PendingReply): Promise<ReplyAttempt> {
    const outcome = await this.ports.attempt(pending);
    if (outcome instanceof Error) this.reason = outcome;
    else this.replies.delete(pending);
    return outcome;
  }

  private dropExpired(): void {
    const now = performance.now();
    for (const pending of this.replies) {
      if (pending.until > now) continue;
      this.replies.delete(pending);
      pending.reject(this.reason);
    }
  }
}
