import { MAX_TIMER_MS } from './duration.js';

/** A point on the monotonic clock that bounds every wait of one operation. */
export class Deadline {
  private constructor(
    /** Milliseconds of the monotonic clock at which the operation began. */
    readonly since: number,
    /** Milliseconds of the monotonic clock. */
    readonly at: number,
  ) {}

  /** @param milliseconds from now */
  static after(milliseconds: number): Deadline {
    const now = performance.now();
    return new Deadline(now, now + milliseconds);
  }

  /** Milliseconds that are left, never below 0 and never above what a timer takes. */
  remaining(): number {
    return Math.min(Math.max(0, this.at - performance.now()), MAX_TIMER_MS);
  }

  get expired(): boolean {
    return performance.now() >= this.at;
  }

  /** As long as a timer must be to fire after the deadline: Node.js drops fractions, and counts from where its turn began. */
  private get timer(): number {
    return Math.min(Math.ceil(this.remaining()) + 1, MAX_TIMER_MS);
  }

  /** Waits, but not beyond the deadline. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, Math.min(milliseconds, this.timer));
    });
  }

  /** The promise's outcome, or a rejection with `late()` when the deadline passes first. Leaves no timer behind. */
  race<T>(promise: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late()), this.timer);
      promise.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });
  }
}
