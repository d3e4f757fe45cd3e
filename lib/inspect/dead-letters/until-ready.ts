import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetterBroker } from './broker.js';

/** Maximum time for messages to return, and pause between two looks, in milliseconds. */
const READY_MS = 1000;
const POLL_MS = 10;

/**
 * Waits for returned messages: a quorum queue has them after its nodes have agreed on it, a little later than its channel is closed.
 * The next look would miss them.
 */
export async function untilReady(broker: DeadLetterBroker, queue: string, count: number): Promise<void> {
  const end = performance.now() + READY_MS;
  while (performance.now() < end) {
    const ready = await broker.depthOf(queue).catch(() => undefined);
    if (ready === undefined || ready >= count) return;
    await sleep(POLL_MS);
  }
}
