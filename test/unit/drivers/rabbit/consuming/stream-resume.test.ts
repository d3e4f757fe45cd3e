import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StreamResume } from '../../../../../lib/drivers/rabbit/consuming/stream-resume.js';

const RESUME_TIMEOUT_MS = 2000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('reports each stream that does not deliver the message at which reading resumes', async () => {
  const resume = new StreamResume();
  const [missing, resumed, alsoMissing] = [{ resuming: true }, { resuming: true }, { resuming: true }];
  const reported: unknown[] = [];
  for (const stream of [missing, resumed, alsoMissing]) resume.watch(stream, () => reported.push(stream));
  resumed.resuming = false;
  await vi.advanceTimersByTimeAsync(RESUME_TIMEOUT_MS - 1);
  expect(reported).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(reported).toEqual([missing, alsoMissing]);
});

it('watches no stream that resumes nothing', () => {
  new StreamResume().watch({ resuming: false }, () => undefined);
  expect(vi.getTimerCount()).toBe(0);
});

it('watches nothing after a stop', async () => {
  const resume = new StreamResume();
  const onMissing = vi.fn();
  for (const stream of [{ resuming: true }, { resuming: true }]) resume.watch(stream, onMissing);
  resume.stop();
  expect(vi.getTimerCount()).toBe(0);
  resume.watch({ resuming: true }, onMissing);
  await vi.advanceTimersByTimeAsync(RESUME_TIMEOUT_MS);
  expect(onMissing).toHaveBeenCalledTimes(1);
});
