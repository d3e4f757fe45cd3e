import { isDeepStrictEqual } from 'node:util';
import { payload } from './payload.js';

const TIMEOUT_MS = 60_000;

/** Counts arrived notifications. The time runs from the first one, since peers set up until then. */
export class Arrivals {
  #start = 0;
  #count = 0;
  readonly #seconds: Promise<number>;
  #settle: { resolve(seconds: number): void; reject(error: Error): void } | undefined;

  constructor(private readonly expected: number) {
    this.#seconds = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** Fails at a first notification that differs from the published one: fast and wrong is no result. */
  add(received: unknown): void {
    this.#count++;
    if (this.#count === 1) {
      this.#start = performance.now();
      if (!isDeepStrictEqual(received, payload))
        this.#settle?.reject(new Error(`not the published notification: ${JSON.stringify(received)}`));
    }
    if (this.#count === this.expected) this.#settle?.resolve((performance.now() - this.#start) / 1000);
  }

  /** Resolves with the seconds that all of them took. Rejects when not all have arrived within a minute. */
  async complete(): Promise<number> {
    const late = () =>
      this.#settle?.reject(new Error(`${this.#count} of ${this.expected} notifications arrived within a minute`));
    const timer = setTimeout(late, TIMEOUT_MS);
    try {
      return await this.#seconds;
    } finally {
      clearTimeout(timer);
    }
  }
}
