import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../lib/core/deadline.js';
import { DeadlineWheel } from '../../../lib/core/deadline-wheel.js';

interface Call {
  readonly deadline: Deadline;
  readonly expired: number[];
}

describe('many deadlines under one timer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const wheelOf = () => new DeadlineWheel<Call>(({ expired }) => expired.push(performance.now()));
  const callFor = (milliseconds: number): Call => ({ deadline: Deadline.after(milliseconds), expired: [] });

  it('each expire once, not early, and at most 20 ms late, in any order of addition and removal', () => {
    const step = fc.record({
      timeout: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 10_000 })),
      pause: fc.nat({ max: 50 }),
      answered: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const wheel = wheelOf();
        const waiting: Call[] = [];
        for (const { timeout, pause, answered } of steps) {
          const call = callFor(timeout);
          wheel.add(call);
          if (answered) wheel.remove(call);
          else waiting.push(call);
          vi.advanceTimersByTime(pause);
          if (answered) expect(call.expired).toEqual([]);
        }
        vi.advanceTimersByTime(12_000);
        for (const { deadline, expired } of waiting) {
          expect(expired).toHaveLength(1);
          expect(expired[0]).toBeGreaterThanOrEqual(deadline.at);
          expect(expired[0]).toBeLessThanOrEqual(deadline.at + 20);
        }
        expect(vi.getTimerCount()).toBe(0);
      }),
    );
  });

  it('use one timer, which is cleared a second after the last deadline', () => {
    const wheel = wheelOf();
    const calls = Array.from({ length: 1000 }, (_, index) => callFor(60_000 + index));
    for (const call of calls) wheel.add(call);
    expect(vi.getTimerCount()).toBe(1);
    for (const call of calls) wheel.remove(call);
    vi.advanceTimersByTime(1100);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be removed twice, and while others expire', () => {
    const others: Call[] = [];
    const wheel = new DeadlineWheel<Call>((call) => {
      call.expired.push(performance.now());
      for (const other of others) {
        wheel.remove(other);
        wheel.remove(other);
      }
    });
    const first = callFor(100);
    others.push(callFor(100), callFor(200));
    for (const call of [first, ...others]) wheel.add(call);
    vi.advanceTimersByTime(1000);
    expect(first.expired).toHaveLength(1);
    expect(others.map(({ expired }) => expired)).toEqual([[], []]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
