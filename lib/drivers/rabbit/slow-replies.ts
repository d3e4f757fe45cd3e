import { newScope } from '../../core/async-scope.js';

/** Time in milliseconds after which a reply without a confirm no longer holds up its server. */
const SLOW_MS = 1000;

/** Reply that the broker has not confirmed. */
export interface UnconfirmedReply {
  /** Time at which it was published, on the monotonic clock. */
  readonly since: number;
  /** Lets the server go on. */
  release(): void;
}

/**
 * Replies without a confirm. A queue whose node is cut off confirms nothing for a minute, and its replies would take all
 * slots of a server.
 */
export class SlowReplies {
  /** In the order of their times. */
  private readonly replies = new Set<UnconfirmedReply>();
  private timer: NodeJS.Timeout | undefined;

  /** @param explained returns true where the whole connection confirms nothing, so that replies have to wait */
  constructor(private readonly explained: () => boolean) {}

  add(reply: UnconfirmedReply): void {
    this.replies.add(reply);
    if (!this.timer) this.arm();
  }

  remove(reply: UnconfirmedReply): void {
    this.replies.delete(reply);
  }

  close(): void {
    clearTimeout(this.timer);
    this.replies.clear();
  }

  private arm(): void {
    // It serves all replies, so that it keeps neither the async context of the first nor the process alive.
    this.timer = newScope().runInAsyncScope(() => setTimeout(() => this.look(), SLOW_MS / 2).unref());
  }

  private look(): void {
    this.timer = undefined;
    if (!this.explained()) {
      const latest = performance.now() - SLOW_MS;
      for (const reply of this.replies) {
        if (reply.since > latest) break;
        this.replies.delete(reply);
        reply.release();
      }
    }
    if (this.replies.size > 0) this.arm();
  }
}
