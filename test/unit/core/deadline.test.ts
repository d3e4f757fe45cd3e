import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../lib/core/deadline.js';

describe('Deadline', () => {
  it('has expired when a race against it ends, and not a fraction of a millisecond later', async () => {
    const never = new Promise<void>(() => undefined);
    const early: number[] = [];
    const waits = Array.from({ length: 200 }, async (_, n) => {
      const deadline = Deadline.after(5 + n * 0.37);
      await deadline.race(never, () => new Error('late')).catch(() => undefined);
      if (!deadline.expired) early.push(deadline.remaining());
    });
    await Promise.all(waits);
    expect(early).toEqual([]);
  });
});
