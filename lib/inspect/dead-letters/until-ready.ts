import { Deadline, pause } from '../../internal.js';
import type { DeadLetterBroker } from './broker.js';

/** Maximum time in milliseconds for messages to return. */
const READY_MS = 1000;

/**
 * Looks in a row without one more, after which the rest is not expected: it has expired, or was dropped. A broker that is slow to
 * return messages is slow to answer, too.
 */
const STILL_LOOKS = 25;

/** Pause between two looks, in milliseconds. */
const POLL_MS = 10;

/**
 * Waits for returned messages: a quorum queue has them after its nodes have agreed on it, a little later than its channel is closed.
 * The next look would miss them. Never rejects.
 */
export async function untilReady(
  broker: Pick<DeadLetterBroker, 'depthOf'>,
  queue: string,
  count: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = Deadline.within(READY_MS, Number.POSITIVE_INFINITY, signal);
  const late = () => new Error('no answer in time');
  let most = 0;
  let still = 0;
  while (!deadline.expired) {
    const ready = await deadline.race(broker.depthOf(queue), late).catch(() => undefined);
    if (ready === undefined || ready >= count) return;
    still = ready > most ? 0 : still + 1;
    if (still === STILL_LOOKS) return;
    most = Math.max(most, ready);
    await pause(POLL_MS, signal);
  }
}
