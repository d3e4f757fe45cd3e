import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pauses } from '../../../../lib/drivers/inbox/pauses.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('ends a delay after its time', () => {
  const end = vi.fn();
  new Pauses().begin(100, end);
  vi.advanceTimersByTime(99);
  expect(end).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(end).toHaveBeenCalledOnce();
});

it('ends the delays that are left when it is closed, each once', () => {
  const pauses = new Pauses();
  const [end, other, stop] = [vi.fn(), vi.fn(), vi.fn()];
  pauses.begin(100, end);
  pauses.begin(100, other, stop);
  pauses.close();
  vi.advanceTimersByTime(1000);
  expect(end).toHaveBeenCalledOnce();
  expect(stop).toHaveBeenCalledOnce();
  expect(other).not.toHaveBeenCalled();
});

it('ends a delay at once after it was closed', () => {
  const pauses = new Pauses();
  const [end, stop] = [vi.fn(), vi.fn()];
  pauses.close();
  pauses.begin(100, end, stop);
  expect(stop).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1000);
  expect(end).not.toHaveBeenCalled();
});
