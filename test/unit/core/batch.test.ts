import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Batch } from '../../../lib/core/batch.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function gather(size: number, timeout: number | undefined) {
  const batches: (readonly number[])[] = [];
  return { batches, batch: new Batch<number>(size, timeout, (items) => batches.push(items)) };
}

it('ends a complete batch', () => {
  const { batches, batch } = gather(2, undefined);
  for (const item of [1, 2, 3, 4, 5]) batch.add(item);
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

it('ends an incomplete batch at its timeout, counted from its first item', () => {
  const { batches, batch } = gather(3, 100);
  batch.add(1);
  vi.advanceTimersByTime(60);
  batch.add(2);
  vi.advanceTimersByTime(39);
  expect(batches).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(batches).toEqual([[1, 2]]);
});

it('restarts the timeout with the next batch', () => {
  const { batches, batch } = gather(2, 100);
  batch.add(1);
  vi.advanceTimersByTime(60);
  batch.add(2);
  batch.add(3);
  vi.advanceTimersByTime(99);
  expect(batches).toEqual([[1, 2]]);
  vi.advanceTimersByTime(1);
  expect(batches).toEqual([[1, 2], [3]]);
});

it('waits for ever without a timeout', () => {
  const { batches, batch } = gather(2, undefined);
  batch.add(1);
  expect(vi.getTimerCount()).toBe(0);
  expect(batches).toEqual([]);
});

it('ends a batch with an item that is marked as last', () => {
  const { batches, batch } = gather(9, undefined);
  batch.add(1);
  batch.add(2, true);
  expect(batches).toEqual([[1, 2]]);
});

it('emits no empty batch', () => {
  const { batches, batch } = gather(9, undefined);
  batch.flush();
  expect(batches).toEqual([]);
});

it('returns the collected items when it is dropped, and leaves no timer', () => {
  const { batches, batch } = gather(9, 100);
  batch.add(1);
  expect(batch.clear()).toEqual([1]);
  expect(vi.getTimerCount()).toBe(0);
  batch.flush();
  expect(batches).toEqual([]);
});
