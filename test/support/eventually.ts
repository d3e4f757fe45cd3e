import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Time limit of the attempts, in milliseconds. @default 20000 */
  within?: number;
  /** Pause between two attempts, in milliseconds. @default 20 */
  every?: number;
}

/** Retries an assertion until it passes; rejects with its last error when the time is up. */
export async function eventually<T>(assertion: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { within = 20_000, every = 20 } = options;
  const end = performance.now() + within;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= end) throw error;
    }
    await sleep(every);
  }
}
