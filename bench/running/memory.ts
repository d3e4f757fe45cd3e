import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BenchClient } from '../peers/peer.js';
import { payload } from './payload.js';

/** Memory of a process after garbage collection. */
export interface Memory {
  /** Heap and the buffers outside it. Null for Python, which has no such figure. */
  heapBytes: number | null;
  rssBytes: number;
}

const SETTLE_MS = 200;
const MAX_LOOKS = 15;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export function memoryNow(): Memory & { heapBytes: number } {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}

/** Calls whose server is frozen. */
export class PendingCalls {
  readonly #calls: Promise<unknown>[] = [];

  constructor(private readonly client: BenchClient) {}

  /** Makes calls until `count` are pending. Resolves with the bytes in use once the last one has left the process. */
  async grow(count: number): Promise<number> {
    while (this.#calls.length < count) {
      const call = this.client.call(payload);
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

  /** Resolves when all calls are answered; rejects when one fails. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls.splice(0));
  }
}
