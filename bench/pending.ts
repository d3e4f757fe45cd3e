import { setTimeout as sleep } from 'node:timers/promises';
import { memoryNow } from './heap.js';
import { payload } from './payload.js';
import type { BenchClient } from './peer.js';

const SETTLING = 200;
const TRIES = 15;

/** Calls that nobody answers for the moment. */
export class PendingCalls {
  readonly #calls: Promise<unknown>[] = [];

  constructor(private readonly client: BenchClient) {}

  /** Makes calls until so many are pending. Resolves with the bytes in use once the last one has left the process. */
  async grow(count: number): Promise<number> {
    while (this.#calls.length < count) {
      const call = this.client.call(payload);
      // It is awaited at the end; until then a failure is nobody's.
      call.catch(() => undefined);
      this.#calls.push(call);
    }
    let before = Number.POSITIVE_INFINITY;
    for (let tries = 0; ; tries++) {
      await sleep(SETTLING);
      const { heapBytes } = memoryNow();
      if (heapBytes > before * 0.99 || tries === TRIES) return heapBytes;
      before = heapBytes;
    }
  }

  /** Resolves when all are answered; rejects when one is not. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls.splice(0));
  }
}
