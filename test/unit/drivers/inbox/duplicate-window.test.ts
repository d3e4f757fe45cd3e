import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DuplicateWindow } from '../../../../lib/drivers/inbox/duplicate-window.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('contains an id that was added', () => {
  const window = new DuplicateWindow(10, 1000);
  expect([window.has('a'), window.add('a'), window.has('a'), window.add('a')]).toEqual([false, true, true, false]);
});

it('keeps the newest ids, as many as its limit at least and twice as many at most', () => {
  const window = new DuplicateWindow(3, 1000);
  const ids = Array.from({ length: 100 }, (_, index) => String(index));
  for (const id of ids) {
    window.add(id);
    const kept = ids.filter((each) => window.has(each));
    const newest = ids.slice(0, ids.indexOf(id) + 1).slice(-kept.length);
    expect(kept).toEqual(newest);
    expect(kept.length).toBeLessThanOrEqual(6);
    expect(kept.length).toBeGreaterThanOrEqual(Math.min(3, Number(id) + 1));
  }
});

it('keeps an id for its time at least, and for twice as long at most', () => {
  const window = new DuplicateWindow(10, 1000);
  window.add('a');
  vi.advanceTimersByTime(1000);
  window.add('b');
  expect(window.add('a')).toBe(false);
  vi.advanceTimersByTime(1000);
  window.add('c');
  expect([window.has('a'), window.has('b')]).toEqual([false, true]);
});
