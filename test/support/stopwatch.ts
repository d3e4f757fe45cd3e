import { LagProbe } from './lag-probe.js';

/**
 * Measures time for tests with a bound. What a busy machine kept this process from running does not count, so that a bound
 * may be as tight as the behavior that it is for.
 */
export class Stopwatch {
  readonly #lag = new LagProbe();
  readonly #began = performance.now();

  constructor() {
    this.#lag.start();
  }

  /** Milliseconds since the start, without those that were missed. Ends the measurement. */
  stop(): number {
    const elapsed = performance.now() - this.#began - this.#lag.since(this.#began);
    this.#lag.stop();
    return elapsed;
  }

  /** Milliseconds that some work takes, however it ends. */
  static async time(work: () => Promise<unknown>): Promise<number> {
    const watch = new Stopwatch();
    try {
      await work();
    } catch {
      // The outcome is for the caller to judge.
    }
    return watch.stop();
  }
}
