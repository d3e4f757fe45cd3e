import { setImmediate as turn } from 'node:timers/promises';
import { vi } from 'vitest';

/** Milliseconds of fake time that pass between two looks. */
const STEP_MS = 5;

/** Fakes the clocks and timers of this process, but for those that messages travel by, until `vi.useRealTimers()`. */
export function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] });
}

/** Lets fake time pass until some work has ended. */
export async function passing<T>(work: Promise<T>): Promise<T> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  work.then(end, end);
  while (!ended) {
    // What happens at once takes no time, in however many turns of the event loop.
    for (let turns = 0; turns < 5; turns++) await turn();
    if (!ended) await vi.advanceTimersByTimeAsync(STEP_MS);
  }
  return work;
}
