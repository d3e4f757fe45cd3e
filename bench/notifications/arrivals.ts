import { isDeepStrictEqual } from 'node:util';
import { payload } from '../payload.js';
import type { Drained } from './peer.js';

/** Counts what arrives, and tells when all of it has. The time runs from the first arrival: until then peers set up. */
export class Arrivals {
  #start = 0;
  #cpu: NodeJS.CpuUsage | undefined;
  readonly #complete: Promise<Drained>;
  #settle: { resolve(drained: Drained): void; reject(error: Error): void } | undefined;
  #count = 0;

  constructor(private readonly expected: number) {
    this.#complete = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** A peer that is fast and wrong must not enter the comparison. */
  add(received: unknown): void {
    this.#count++;
    if (this.#count === 1) {
      this.#start = performance.now();
      this.#cpu = process.cpuUsage();
      if (!isDeepStrictEqual(received, payload))
        this.#settle?.reject(new Error(`not what was published: ${JSON.stringify(received)}`));
    }
    if (this.#count !== this.expected) return;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#settle?.resolve({ seconds: (performance.now() - this.#start) / 1000, cpuMicros: user + system });
  }

  /** Rejects when they have not arrived after a minute. */
  async complete(): Promise<Drained> {
    const timer = setTimeout(
      () => this.#settle?.reject(new Error(`${this.#count} of ${this.expected} notifications arrived in a minute`)),
      60_000,
    );
    try {
      return await this.#complete;
    } finally {
      clearTimeout(timer);
    }
  }
}
