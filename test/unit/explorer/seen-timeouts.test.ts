import { describe, expect, it } from 'vitest';
import { SeenTimeouts } from '../../../lib/explorer/broker/seen-timeouts.js';
import type { TappedCall } from '../../../lib/inspect/index.js';

function call(timeoutMs: number | undefined, outcome: TappedCall['outcome'], given: Partial<TappedCall> = {}) {
  const caller = { replyQueue: 'reply_1' };
  return { exchange: 'tacker', topic: 't', method: 'work', caller, timeoutMs, outcome, ...given } as TappedCall;
}

function grownBy(...calls: readonly TappedCall[]) {
  const timeouts = new SeenTimeouts(600_000);
  for (const one of calls) timeouts.add(one);
  return timeouts.views();
}

describe('timeouts that a tap has seen', () => {
  it('have grown where a caller doubles them after a timeout, up to the ceiling', () => {
    const grown = grownBy(call(60_000, 'timeout'), call(119_990, 'timeout'), call(239_980, 'result'));
    const facts = { transport: null, method: 'work', max: 600_000 };
    expect(grown).toEqual([{ ...facts, timeout: 239_980, level: 2, first: 60_000 }]);
    expect(grownBy(call(400_000, 'timeout'), call(600_000, 'timeout'))).toMatchObject([{ timeout: 600_000, level: 1 }]);
  });

  it('are not grown where callers have their own, or have recovered', () => {
    expect(grownBy(call(10_000, 'result'), call(20_000, 'result'))).toEqual([]);
    expect(grownBy(call(10_000, 'timeout'), call(60_000, 'result'))).toEqual([]);
    expect(grownBy(call(10_000, 'timeout'), call(20_000, 'result', { caller: { replyQueue: 'reply_2' } }))).toEqual([]);
    expect(grownBy(call(10_000, 'timeout'), call(20_000, 'result'), call(10_000, 'result'))).toEqual([]);
    expect(grownBy(call(undefined, 'timeout'), call(undefined, 'timeout'))).toEqual([]);
  });

  it('are one for a method, the longest of its callers, with its namespace', () => {
    const other = { namespace: 'ns', caller: { replyQueue: 'reply_2' } };
    const calls = [call(10, 'timeout'), call(20, 'timeout'), call(5, 'timeout', other), call(10, 'timeout', other)];
    expect(grownBy(...calls)).toMatchObject([
      { method: 'work', timeout: 20 },
      { method: 'ns.work', timeout: 10 },
    ]);
  });

  it('are bounded', () => {
    const calls = Array.from({ length: 5000 }, (_, n) => {
      const own = { method: `m${n}` };
      return [call(10, 'timeout', own), call(20, 'timeout', own)];
    });
    expect(grownBy(...calls.flat())).toHaveLength(200);
  });
});
