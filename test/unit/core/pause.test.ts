import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pause } from '../../../lib/core/pause.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('resolves after the time, and leaves no listener', async () => {
  const { signal } = new AbortController();
  let ended = false;
  const work = pause(1000, signal).then(() => {
    ended = true;
  });
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await work;
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('resolves at once when the signal aborts, and leaves no timer', async () => {
  const controller = new AbortController();
  const work = pause(1000, controller.signal);
  controller.abort();
  await work;
  expect(vi.getTimerCount()).toBe(0);
});

it('resolves at once after the signal has aborted', async () => {
  await pause(1000, AbortSignal.abort());
  expect(vi.getTimerCount()).toBe(0);
});
