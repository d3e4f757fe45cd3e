import { describe, expect, it } from 'vitest';
import { type Backoff, backoffDelay } from '../../../lib/core/backoff.js';

const DOUBLING: Backoff = { first: 100, growth: 'doubling', cap: 1000 };
const LINEAR: Backoff = { first: 100, growth: { step: 50 }, cap: 220 };

function delays(rule: Backoff, count: number, random?: () => number): number[] {
  return Array.from({ length: count }, (_, repetition) => backoffDelay(rule, repetition, random));
}

describe('backoffDelay', () => {
  it('doubles up to the cap', () => {
    expect(delays(DOUBLING, 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  it('grows by a step up to the cap', () => {
    expect(delays(LINEAR, 5)).toEqual([100, 150, 200, 220, 220]);
  });

  it('stays the same with a step of 0', () => {
    expect(delays({ ...LINEAR, growth: { step: 0 } }, 3)).toEqual([100, 100, 100]);
  });

  it('never exceeds the cap, not even with the first delay', () => {
    expect(delays({ ...DOUBLING, cap: 60 }, 2)).toEqual([60, 60]);
    expect(delays({ ...LINEAR, cap: 60 }, 2)).toEqual([60, 60]);
  });

  it('counts a negative repetition as the first', () => {
    expect(backoffDelay(DOUBLING, -2)).toBe(100);
    expect(backoffDelay(LINEAR, -2)).toBe(100);
  });

  it('is a number after any number of repetitions', () => {
    expect(backoffDelay(DOUBLING, 1_000_000)).toBe(1000);
    expect(backoffDelay({ ...DOUBLING, first: 0 }, 1_000_000)).toBe(0);
    expect(backoffDelay(LINEAR, 1_000_000)).toBe(220);
  });

  it('asks for no random number without jitter', () => {
    const random = () => {
      throw new Error('asked');
    };
    expect(backoffDelay(DOUBLING, 1, random)).toBe(200);
  });

  it.each([
    [1, 0, 0],
    [1, 0.5, 200],
    [1, 1, 400],
    [0.75, 0, 100],
    [0.75, 0.5, 250],
    [0.75, 1, 400],
  ])('with jitter %d and the random number %d waits %d of 400 ms', (jitter, random, expected) => {
    expect(backoffDelay({ ...DOUBLING, jitter }, 2, () => random)).toBe(expected);
  });

  it('applies jitter to the capped delay', () => {
    expect(backoffDelay({ ...DOUBLING, jitter: 0.5 }, 20, () => 0.5)).toBe(750);
  });

  it('spreads delays over their range by default', () => {
    const spread = Array.from({ length: 200 }, () => backoffDelay({ ...DOUBLING, jitter: 1 }, 2));
    expect(Math.min(...spread)).toBeLessThan(200);
    expect(Math.max(...spread)).toBeGreaterThan(200);
    expect(spread.every((delay) => delay >= 0 && delay < 400)).toBe(true);
  });
});
