import { describe, expect, it, vi } from 'vitest';
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

  it.each([1, 250, 7000, 60_000, 86_400_000])('has the duration that it was made with: %i ms', (milliseconds) => {
    const now = vi.spyOn(performance, 'now');
    const durations = new Set<number>();
    for (let time = 0.1; time < 1e9; time = time * 1.7 + 0.013) {
      now.mockReturnValue(time);
      durations.add(Deadline.after(milliseconds).duration);
    }
    now.mockRestore();
    expect([...durations]).toEqual([milliseconds]);
  });
});
