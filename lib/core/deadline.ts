import { MAX_TIMER_MS } from './duration.js';

/** Time on the monotonic clock that bounds every wait of one operation. */
export class Deadline {
  private constructor(
    /** Start of the operation on the monotonic clock, in milliseconds. */
    readonly since: number,
    /** Time of the deadline on the monotonic clock, in milliseconds. */
    readonly at: number,
  ) {}

  /** Returns the deadline that many milliseconds from now. */
  static after(milliseconds: number): Deadline {
    const now = performance.now();
    return new Deadline(now, now + milliseconds);
  }

  /** Returns the deadline that many milliseconds from now, or this one if it is earlier. */
  within(milliseconds: number): Deadline {
    const now = performance.now();
    return new Deadline(now, Math.min(this.at, now + milliseconds));
  }

  /** Returns the remaining time in milliseconds, from 0 to the maximum of a timer. */
  remaining(): number {
    return Math.min(Math.max(0, this.at - performance.now()), MAX_TIMER_MS);
  }

  /** True once no time is left. */
  get expired(): boolean {
    return performance.now() >= this.at;
  }

  /**
   * Delay of a timer that fires after the deadline. Node.js drops fractions, and counts from the start of its loop
   * iteration.
   */
  private get timer(): number {
    return Math.min(Math.ceil(this.remaining()) + 1, MAX_TIMER_MS);
  }

  /** Waits for that time, but not beyond the deadline. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, Math.min(milliseconds, this.timer));
    });
  }

  /** Settles as the promise does, or rejects with `late()` when the deadline passes first. Leaves no timer. */
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
