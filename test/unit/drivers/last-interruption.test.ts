import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LastInterruption } from '../../../lib/drivers/last-interruption.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the last interruption', () => {
  /** Returns an interruption that has lasted from 1 s to 3.5 s, and the errors of operations by the second of their start. */
  function interrupted(reason?: string) {
    const zero = performance.now();
    const interruption = new LastInterruption();
    vi.advanceTimersByTime(1000);
    interruption.begin();
    vi.advanceTimersByTime(2500);
    interruption.end('the broker was away', reason);
    return { interruption, error: (second: number) => interruption.errorFor(zero + second * 1000)?.message };
  }

  it('concerns the operations that began before its end, for the time that they share', () => {
    const { error } = interrupted();
    expect(error(0)).toBe('the broker was away for 2.5 s meanwhile');
    expect(error(2)).toBe('the broker was away for 1.5 s meanwhile');
    expect(error(3.25)).toBe('the broker was away for 250 ms meanwhile');
    expect(error(3.5)).toBeUndefined();
    expect(error(4)).toBeUndefined();
  });

  it('names its reason', () => {
    expect(interrupted('ECONNRESET').error(0)).toBe('the broker was away for 2.5 s meanwhile (ECONNRESET)');
  });

  it('begins once, and is replaced by the next one', () => {
    const { interruption, error } = interrupted();
    vi.advanceTimersByTime(500);
    interruption.begin();
    vi.advanceTimersByTime(1000);
    interruption.begin();
    vi.advanceTimersByTime(1000);
    expect(error(3.75)).toBeUndefined();
    interruption.end('the broker blocked');
    expect(error(3.75)).toBe('the broker blocked for 2.0 s meanwhile');
    expect(error(0)).toBe('the broker blocked for 2.0 s meanwhile');
  });

  it('ends once', () => {
    const { interruption, error } = interrupted();
    vi.advanceTimersByTime(500);
    interruption.end('the broker blocked');
    expect(error(0)).toBe('the broker was away for 2.5 s meanwhile');
    expect(error(3.75)).toBeUndefined();
  });
});
