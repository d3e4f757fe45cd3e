import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './eventually.js';

const PAUSE_MS = 10;

/** Caller without an end: one call after the other, counted by the server that answered. */
export class SteadyCaller {
  readonly failed: unknown[] = [];
  readonly #answered = new Map<string, number>();
  readonly #running: Promise<void>;
  #isOpen = true;

  /** @param call returns the name of the server */
  constructor(call: () => Promise<string>) {
    this.#running = this.#run(call);
  }

  /** Number of answers by server, so far. */
  get answered(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#answered);
  }

  /** Waits until each of these servers has answered so many more calls. */
  async hears(servers: readonly string[], more = 3): Promise<void> {
    const before = this.answered;
    await eventually(() => {
      const silent = servers.filter((server) => (this.answered[server] ?? 0) < (before[server] ?? 0) + more);
      if (silent.length > 0)
        throw new Error(
          `not ${more} more answers by ${silent}: ${JSON.stringify(this.answered)}; failed: ${this.failed.slice(0, 3)}`,
        );
    });
  }

  /** Ends with the call that is on its way. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#running;
  }

  async #run(call: () => Promise<string>): Promise<void> {
    while (this.#isOpen) {
      try {
        const server = await call();
        this.#answered.set(server, (this.#answered.get(server) ?? 0) + 1);
      } catch (error) {
        this.failed.push(error);
      }
      await delay(PAUSE_MS);
    }
  }
}
