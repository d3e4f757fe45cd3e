import { newScope } from '../../core/async-scope.js';
import type { BoundedTotal } from '../../core/bounded-total.js';
import { Sequence } from '../../core/sequence.js';
import type { WaitingReply } from '../inbox/inbox-request.js';

/** Time in milliseconds after which a reply without a confirm no longer holds up its server. */
const SLOW_MS = 1000;

/** Reply that the broker has not confirmed. Its server waits for it until it is released. */
export class UnconfirmedReply {
  /** Its number among all replies; 0 before it is added. */
  number = 0;
  private delivered: { resolve(waiting?: Promise<void>): void; reject(error: unknown): void } | undefined;

  /**
   * @param since time at which it was published, on the monotonic clock
   * @param size size of the body in bytes
   */
  constructor(
    readonly since: number,
    readonly size: number,
    private readonly resolve: (waiting?: WaitingReply) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  get isReleased(): boolean {
    return this.delivered !== undefined;
  }

  /** Lets the server go on. */
  release(): void {
    const delivered = new Promise<void>((resolve, reject) => {
      this.delivered = { resolve, reject };
    });
    this.resolve({ delivered });
  }

  /** @param waiting state of a reply whose queue is missing or full; undefined for a confirmed one */
  settle(waiting?: WaitingReply): void {
    if (this.delivered) this.delivered.resolve(waiting?.delivered);
    else this.resolve(waiting);
  }

  fail(error: unknown): void {
    if (this.delivered) this.delivered.reject(error);
    else this.reject(error);
  }
}

/**
 * Replies without a confirm. A queue whose node is cut off confirms nothing for a minute, and its replies would take all
 * slots of a server.
 */
export class SlowReplies {
  /** In the order of their times. */
  private readonly replies = new Sequence<UnconfirmedReply>();
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param explained returns true where the whole connection confirms nothing, so that replies have to wait
   * @param room counts the replies that no server waits for
   */
  constructor(
    private readonly explained: () => boolean,
    private readonly room: BoundedTotal,
  ) {}

  add(reply: UnconfirmedReply): void {
    reply.number = this.replies.add(reply);
    if (!this.timer) this.arm();
  }

  remove(reply: UnconfirmedReply): void {
    this.replies.remove(reply.number);
    if (reply.isReleased) this.room.remove(reply.size);
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
      for (const [, reply] of this.replies) {
        if (reply.since > latest) break;
        if (this.room.exceededBy(reply.size) !== undefined) continue;
        this.room.add(reply.size);
        this.replies.remove(reply.number);
        reply.release();
      }
    }
    if (this.replies.size > 0) this.arm();
  }
}
