import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { QueueCheck } from '../../../../../lib/drivers/rabbit/consuming/queue-check.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('checks 2 s and 10 s after each attach but the first', async () => {
  const inspect = vi.fn(async () => undefined);
  const check = new QueueCheck(inspect);
  check.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(inspect).not.toHaveBeenCalled();
  check.start();
  await vi.advanceTimersByTimeAsync(2000);
  expect(inspect).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(8000);
  expect(inspect).toHaveBeenCalledTimes(2);
  check.start();
  check.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(inspect).toHaveBeenCalledTimes(2);
});
