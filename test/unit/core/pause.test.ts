import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getRpcTransport } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pause } from '../../../lib/core/pause.js';
import { silent } from '../../support/silent.js';

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

it('causes no warning of a leak for many calls of one transport', async () => {
  vi.useRealTimers();
  const transport = getRpcTransport({ transportUrl: 'memory://', logger: silent });
  const warn = vi.fn();
  process.on('warning', warn);
  const pauses = Array.from({ length: 50 }, () => pause(60_000, transport.closed));
  await transport.cleanup();
  await Promise.all(pauses);
  await nextTurn();
  process.off('warning', warn);
  expect(warn).not.toHaveBeenCalled();
});

it('resolves at once after the signal has aborted', async () => {
  await pause(1000, AbortSignal.abort());
  expect(vi.getTimerCount()).toBe(0);
});
