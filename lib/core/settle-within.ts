import { Deadline } from './deadline.js';

/** Waits until the work has ended, however it ends, but not for longer than so many milliseconds. */
export async function settleWithin(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const late = () => new Error(`It has not ended within ${milliseconds} ms`);
  await Deadline.after(milliseconds)
    .race(work, late)
    .catch(() => undefined);
}
