import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../../internal.js';

/** Pause between two questions, in milliseconds. */
const PAUSE_MS = 200;

/** Waits until a server has handled what it was sent, at most for a time. Returns the last count; undefined where it is not known. */
export async function catchUp(
  count: () => Promise<number | undefined>,
  wanted: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const deadline = Deadline.after(timeoutMs);
  for (;;) {
    const handled = await count().catch(() => undefined);
    if (handled === undefined || handled >= wanted || deadline.expired || signal.aborted) return handled;
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Waits until a queue is empty, at most for a time. Returns the messages that are left; undefined where it is not known. */
export async function emptied(
  left: () => Promise<number | undefined>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const minus = async () => {
    const count = await left();
    return count === undefined ? undefined : -count;
  };
  const last = await catchUp(minus, 0, timeoutMs, signal);
  return last === undefined ? undefined : Math.abs(last);
}
