import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from '../peers/peer.js';
import { payload } from './payload.js';

const SETTLE_MS = 200;
const MAX_LOOKS = 15;
/** Some peers have no timeout of their own, and wait for ever for a server that has failed. */
const ANSWERS_TIMEOUT_MS = 90_000;

/** Returns the memory of this process after garbage collection: the heap with the buffers outside it, and all of it. */
export function memoryNow(): { heapBytes: number; rssBytes: number } {
  // The first collection finds buffers, which the second one has released before it begins.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}

/** Calls whose server is frozen. */
export class PendingCalls {
  readonly #calls: Promise<unknown>[] = [];

  constructor(private readonly call: Call) {}

  /** Makes calls until `count` are pending. Resolves with the bytes in use once the last one has left the process. */
  async grow(count: number): Promise<number> {
    while (this.#calls.length < count) {
      const call = this.call(payload);
      // `settle` awaits it. Until then a failure has no handler.
      call.catch(() => undefined);
      this.#calls.push(call);
    }
    let before = Number.POSITIVE_INFINITY;
    for (let look = 0; ; look++) {
      await sleep(SETTLE_MS);
      const { heapBytes } = memoryNow();
      if (heapBytes > before * 0.99 || look === MAX_LOOKS) return heapBytes;
      before = heapBytes;
    }
  }

  /** Resolves when all calls are answered. Rejects when one fails, or after a minute and a half. */
  async settle(): Promise<void> {
    const late = sleep(ANSWERS_TIMEOUT_MS).then(() => Promise.reject(new Error('pending calls were not answered')));
    await Promise.race([Promise.all(this.#calls.splice(0)), late]);
  }
}
