/** Waits between tries to reach a reply queue that is not there, or takes nothing, in milliseconds. */
const FIRST_DELAY = 250;
const LONGEST_DELAY = 1000;

/** A reply as it is published. */
export interface EncodedReply {
  readonly queue: string;
  readonly body: Buffer;
  readonly uniqueId: string;
}

/** A reply that waits for its queue. */
export interface Postponed {
  readonly reply: EncodedReply;
  /** On the monotonic clock: when it is dropped. */
  readonly until: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Outcome of one try. An error is the reason why the queue did not take the reply, where it is worth another try. A reply
 * that `failed` has been rejected.
 */
export type Attempt = 'delivered' | 'failed' | Error;

/** What a queue that is away needs of its sender. */
export interface MissingReplyQueuePorts {
  attempt(postponed: Postponed): Promise<Attempt>;
  /**
   * Called once, when nothing waits any more.
   * @param away milliseconds for which the queue has taken nothing
   * @param reason why it has not
   */
  end(away: number, reason: Error): void;
}

/** The replies to one queue that is not there, or takes nothing. However many they are, one at a time is tried, until it is back. */
export class MissingReplyQueue {
  private readonly replies = new Set<Postponed>();
  private timer: NodeJS.Timeout | undefined;
  private delay = FIRST_DELAY;
  private readonly since = performance.now();

  /** @param reason why it has not taken a reply */
  constructor(
    private readonly ports: MissingReplyQueuePorts,
    private reason: Error,
  ) {
    this.schedule();
  }

  add(postponed: Postponed): void {
    this.replies.add(postponed);
  }

  /** Drops what waits, and ends. */
  close(error: Error): void {
    clearTimeout(this.timer);
    for (const { reject } of this.replies) reject(error);
    this.replies.clear();
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.tryAgain(), this.delay);
    this.delay = Math.min(LONGEST_DELAY, this.delay * 2);
  }

  private async tryAgain(): Promise<void> {
    this.dropExpired();
    const [first] = this.replies;
    const isBack = first !== undefined && (await this.attempt(first)) === 'delivered';
    if (isBack) await Promise.all([...this.replies].map((one) => this.attempt(one)));
    if (this.replies.size > 0) this.schedule();
    else this.ports.end(isBack ? 0 : performance.now() - this.since, this.reason);
  }

  private async attempt(postponed: Postponed): Promise<Attempt> {
    const outcome = await this.ports.attempt(postponed);
    if (outcome instanceof Error) this.reason = outcome;
    else this.replies.delete(postponed);
    return outcome;
  }

  private dropExpired(): void {
    const now = performance.now();
    for (const postponed of this.replies) {
      if (postponed.until > now) continue;
      this.replies.delete(postponed);
      postponed.reject(this.reason);
    }
  }
}
