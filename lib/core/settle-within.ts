import { Deadline } from './deadline.js';

/** Waits until the work resolves or rejects, for at most that many milliseconds. Never rejects. */
export async function settleWithin(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const late = () => new Error(`It has not ended within ${milliseconds} ms`);
  await Deadline.after(milliseconds)
    .race(work, late)
    .catch(() => undefined);
}
