import { type AnySignal, follow, unfollow } from './abort.js';
import { newScope } from './async-scope.js';
import type { Deadline } from './deadline.js';
import { realTimeout } from './real-time.js';

/**
 * Time between two spokes, in milliseconds. Deadlines expire late by at most this time, plus delays of the event loop.
 */
const TICK_MS = 10;
/** Maximum delay of the timer, in ticks. It bounds the time that the timer stays after its entries are removed. */
const MAX_SLEEP_TICKS = 100;

/** Entry that waits until a deadline, or until the signal of the deadline aborts. */
export interface Waiting {
  readonly deadline: Deadline;
}

/** Many deadlines with one timer. A timer per deadline would be a large part of the cost of a call. */
export class DeadlineWheel<T extends Waiting> {
  /** Entries that expire at the end of each tick. */
  private readonly spokes = new Map<number, Set<T>>();
  /** Callbacks on the signals of entries. Most have none. The tables of a `Map` would outlive the entries: see `Sequence`. */
  private readonly followed = new WeakMap<T, () => void>();
  private size = 0;
  private timer: NodeJS.Timeout | undefined;
  private wakesAt = Number.POSITIVE_INFINITY;
  /** Clears the timer. A fake timer is cleared by the clock that made it, and a real one by no fake clock. */
  private clear = clearTimeout;
  /**
   * Function that makes timers to rely on: the real one, once it has made the timer. The timer of a test's fake clock may be
   * cleared, or its clock replaced, at any moment.
   */
  private reliable: typeof setTimeout | undefined = realTimeout;

  /**
   * @param expire called with each entry that reaches its deadline, or whose signal aborts. The entry is removed before the
   * call
   */
  constructor(private readonly expire: (waiting: T) => void) {}

  add(waiting: T): void {
    if (waiting.deadline.signal !== undefined) this.follow(waiting, waiting.deadline.signal);
    const tick = tickOf(waiting);
    const spoke = this.spokes.get(tick);
    if (spoke) spoke.add(waiting);
    else this.spokes.set(tick, new Set<T>().add(waiting));
    if (setTimeout !== this.reliable) this.wakeAt(this.earliest());
    else if (tick < this.wakesAt) this.wakeAt(tick);
    // The timer keeps the process alive only while there are entries.
    if (this.size++ === 0) this.timer?.ref();
  }

  remove(waiting: T): void {
    const tick = tickOf(waiting);
    const spoke = this.spokes.get(tick);
    if (!spoke?.delete(waiting)) return;
    if (waiting.deadline.signal !== undefined) this.leave(waiting, waiting.deadline.signal);
    if (spoke.size === 0) this.spokes.delete(tick);
    if (--this.size === 0) this.timer?.unref();
  }

  private follow(waiting: T, signal: AnySignal): void {
    const end = () => {
      if (this.followed.get(waiting) !== end) return;
      this.remove(waiting);
      this.expire(waiting);
    };
    this.followed.set(waiting, end);
    follow(signal, end);
  }

  private leave(waiting: T, signal: AnySignal): void {
    const end = this.followed.get(waiting);
    if (!end) return;
    this.followed.delete(waiting);
    unfollow(signal, end);
  }

  private earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const tick of this.spokes.keys()) earliest = Math.min(earliest, tick);
    return earliest;
  }

  private wakeAt(tick: number): void {
    const now = performance.now();
    this.wakesAt = Math.min(tick, Math.ceil(now / TICK_MS) + MAX_SLEEP_TICKS);
    const { clear } = this;
    clear(this.timer);
    this.clear = clearTimeout;
    this.reliable = setTimeout === realTimeout ? realTimeout : undefined;
    // The timer serves all entries, so it must not keep the async context of the one that starts it.
    const delay = Math.max(0, this.wakesAt * TICK_MS - now);
    this.timer = newScope().runInAsyncScope(() => setTimeout(() => this.turn(), delay));
  }

  private turn(): void {
    this.timer = undefined;
    this.wakesAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [tick, spoke] of this.spokes) {
      if (tick * TICK_MS > now) next = Math.min(next, tick);
      else {
        for (const waiting of spoke) {
          this.remove(waiting);
          this.expire(waiting);
        }
      }
    }
    if (next < this.wakesAt && this.spokes.size > 0) this.wakeAt(next);
  }
}

function tickOf({ deadline }: Waiting): number {
  return Math.ceil(deadline.at / TICK_MS);
}
