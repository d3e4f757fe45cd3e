import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ChannelTurns } from '../../../../../lib/drivers/rabbit/connection/channel-turns.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function limited(limit: number): ChannelTurns {
  const turns = new ChannelTurns();
  turns.limit = limit;
  return turns;
}

/** Begins turns, and counts those that have begun. */
function beginAll(turns: ChannelTurns, count: number) {
  const ends: Awaited<ReturnType<ChannelTurns['begin']>>[] = [];
  for (let n = 0; n < count; n++) void turns.begin().then((end) => ends.push(end));
  return ends;
}

it('begins all turns at once without a limit', async () => {
  const turns = new ChannelTurns();
  const ends = beginAll(turns, 100);
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(100);
});

it('begins the next turn a moment after one has ended, in order', async () => {
  const turns = limited(1);
  const order: number[] = [];
  const works = [1, 2, 3].map((n) => turns.during(async () => void order.push(n)));
  await vi.advanceTimersByTimeAsync(0);
  expect([order, turns.contended]).toEqual([[1], true]);
  await vi.advanceTimersByTimeAsync(49);
  expect(order).toEqual([1]);
  await vi.advanceTimersByTimeAsync(100);
  expect([order, turns.contended]).toEqual([[1, 2, 3], false]);
  await Promise.all(works);
});

it('passes the turn of a task on that has failed', async () => {
  const turns = limited(1);
  await expect(turns.during(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  const next = turns.during(() => Promise.resolve('done'));
  await vi.advanceTimersByTimeAsync(50);
  expect(await next).toBe('done');
});

it('passes the turn on at once where no channel was opened', async () => {
  const ends = beginAll(limited(1), 2);
  await vi.advanceTimersByTimeAsync(0);
  ends[0]?.('unused');
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(2);
});

it('keeps a limit that becomes known while turns are taken', async () => {
  const turns = new ChannelTurns();
  const ends = beginAll(turns, 3);
  await vi.advanceTimersByTimeAsync(0);
  turns.limit = 1;
  const later = beginAll(turns, 1);
  for (const [n, end] of ends.entries()) {
    expect(later).toHaveLength(0);
    end('closed');
    end('closed');
    await vi.advanceTimersByTimeAsync(50);
    expect(later).toHaveLength(n === 2 ? 1 : 0);
  }
});

it('waits for a turn no longer than 2 s', async () => {
  const turns = limited(1);
  const ends = beginAll(turns, 3);
  await vi.advanceTimersByTimeAsync(1999);
  expect(ends).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(ends).toHaveLength(3);
  const later = beginAll(turns, 1);
  for (const end of ends) {
    expect(later).toHaveLength(0);
    end('closed');
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(later).toHaveLength(1);
});
