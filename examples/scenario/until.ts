import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until a condition holds.
 * @param seconds time limit for a busy machine
 * @throws Error with the description when the time is over
 */
export async function until(description: string, holds: () => Promise<boolean> | boolean, seconds = 60): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${description}`);
    await delay(20);
  }
}
