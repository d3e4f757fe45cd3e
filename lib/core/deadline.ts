import { type AnySignal, abortErrorOf, follow, unfollow } from './abort.js';
import { MAX_TIMER_MS } from './duration.js';

/** Time on the monotonic clock that bounds every wait of one operation. A signal may end the operation before. */
export class Deadline {
  private constructor(
    /** Start of the operation on the monotonic clock, in milliseconds. */
    readonly since: number,
    /** Time of the deadline on the monotonic clock, in milliseconds. */
    readonly at: number,
    /** @internal Signal that ends the operation before its deadline. */
    readonly signal: AnySignal | undefined,
    /** @internal Deadline of the request that is being handled, on the monotonic clock; Infinity where nothing bounds this one. */
    readonly limit: number,
  ) {}

  /** Returns the deadline that many milliseconds from now. */
  static after(milliseconds: number): Deadline {
    return Deadline.within(milliseconds, Number.POSITIVE_INFINITY, undefined);
  }

  /**
   * @internal Returns the deadline that many milliseconds from now, or an earlier limit.
   * @param limit time on the monotonic clock, in milliseconds
   */
  static within(milliseconds: number, limit: number, signal: AnySignal | undefined): Deadline {
    const now = performance.now();
    return new Deadline(now, Math.min(now + milliseconds, limit), signal, limit);
  }

  /** @internal Returns the deadline that many milliseconds from now, or this one if it is earlier. */
  shortened(milliseconds: number): Deadline {
    const now = performance.now();
    return new Deadline(now, Math.min(this.at, now + milliseconds), this.signal, this.limit);
  }

  /** @internal Returns the deadline of a time on the monotonic clock, in milliseconds. */
  static until(at: number): Deadline {
    return new Deadline(performance.now(), at, undefined, Number.POSITIVE_INFINITY);
  }

  /** @internal Returns the same deadline with another signal. */
  with(signal: AnySignal | undefined): Deadline {
    return signal === this.signal ? this : new Deadline(this.since, this.at, signal, this.limit);
  }

  /** @internal True when another request ends here: the one that is being handled, whose caller waits no longer. */
  get inherited(): boolean {
    return this.at === this.limit;
  }

  /**
   * @internal Time from the start to the deadline, in milliseconds. To the microsecond: the difference of two times is not
   * exact, and 6999.999999999971 would be sent as 6999.
   */
  get duration(): number {
    return Math.round((this.at - this.since) * 1000) / 1000;
  }

  /** Returns the remaining time in milliseconds, from 0 to the maximum of a timer. It is 0 once the signal has aborted. */
  remaining(): number {
    return this.aborted ? 0 : Math.min(Math.max(0, this.at - performance.now()), MAX_TIMER_MS);
  }

  /** True once no time is left, or the signal has aborted. */
  get expired(): boolean {
    return this.aborted || performance.now() >= this.at;
  }

  private get aborted(): boolean {
    return this.signal?.aborted === true;
  }

  /**
   * Delay of a timer that fires after the deadline. Node.js drops fractions, and counts from the start of its loop
   * iteration.
   */
  private get timer(): number {
    return Math.min(Math.ceil(this.remaining()) + 1, MAX_TIMER_MS);
  }

  /** Waits for that time, but not beyond the deadline, and not after the signal has aborted. */
  pause(milliseconds: number): Promise<void> {
    const { signal } = this;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        if (signal) unfollow(signal, end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(milliseconds, this.timer));
      if (signal) follow(signal, end);
    });
  }

  /**
   * Settles as the promise does, or rejects with `late()` when the deadline passes first, or with the reason of the signal
   * when it aborts first. Leaves no timer.
   */
  race<T>(promise: Promise<T>, late: () => Error): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const abort = () => {
        clearTimeout(timer);
        reject(abortErrorOf(signal as AnySignal));
      };
      const leave = () => {
        clearTimeout(timer);
        if (signal) unfollow(signal, abort);
      };
      const timer = setTimeout(() => {
        leave();
        reject(late());
      }, this.timer);
      if (signal) follow(signal, abort);
      promise.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
  }
}
