import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Standstill } from '../../../../../lib/drivers/rabbit/connection/standstill.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the cause of a timeout after a standstill', () => {
  function stand(logged: boolean): Error | undefined {
    const began = performance.now();
    const [standstill, doubt] = [new Standstill(() => undefined), {}];
    vi.advanceTimersByTime(1000);
    standstill.begin(doubt, 'mq1:5672', performance.now());
    vi.advanceTimersByTime(4000);
    if (logged) standstill.surveyed(doubt, 'mq1:5672');
    vi.advanceTimersByTime(2000);
    standstill.end(doubt, 'mq1:5672 confirms again');
    return standstill.interruption.errorFor(began);
  }

  it('is that nothing was confirmed', () => {
    expect(stand(true)?.message).toBe('the broker confirmed nothing for 6.0 s meanwhile');
  });

  it('is unknown when it was not logged: the node may have been busy', () => {
    expect(stand(false)).toBeUndefined();
  });
});
