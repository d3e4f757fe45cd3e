import { newScope } from './async-scope.js';
import type { Deadline } from './deadline.js';

/** Milliseconds between two spokes. Nothing expires early, and nothing later than by this and what the event loop adds. */
const TICK_MS = 10;
/** The timer looks so often, in ticks, while anything waits: it never outlives what it was set for by more. */
const MAX_SLEEP_TICKS = 100;

/** Something that waits until a deadline. */
export interface Waiting {
  readonly deadline: Deadline;
}

/** Many deadlines under one timer: a timer for each would be a good part of what a call costs. */
export class DeadlineWheel<T extends Waiting> {
  /** What expires at the end of each tick. */
  private readonly spokes = new Map<number, Set<T>>();
  private size = 0;
  private timer: NodeJS.Timeout | undefined;
  private wakesAt = Number.POSITIVE_INFINITY;

  /** @param expire called with what is still there at its deadline, and has been taken out */
  constructor(private readonly expire: (waiting: T) => void) {}

  add(waiting: T): void {
    const tick = tickOf(waiting);
    const spoke = this.spokes.get(tick);
    if (spoke) spoke.add(waiting);
    else this.spokes.set(tick, new Set<T>().add(waiting));
    if (tick < this.wakesAt) this.wakeAt(tick);
    // Only what waits keeps the process alive.
    if (this.size++ === 0) this.timer?.ref();
  }

  remove(waiting: T): void {
    const tick = tickOf(waiting);
    const spoke = this.spokes.get(tick);
    if (!spoke?.delete(waiting)) return;
    if (spoke.size === 0) this.spokes.delete(tick);
    if (--this.size === 0) this.timer?.unref();
  }

  private wakeAt(tick: number): void {
    const now = performance.now();
    this.wakesAt = Math.min(tick, Math.ceil(now / TICK_MS) + MAX_SLEEP_TICKS);
    clearTimeout(this.timer);
    // The timer serves all that wait, so it must not keep the async context of the one that started it.
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
