import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { untilReady } from '../../../lib/inspect/dead-letters/until-ready.js';
import { fakeTime, passing } from '../../support/fake-time.js';

beforeEach(fakeTime);
afterEach(() => void vi.useRealTimers());

/** A broker whose queue has that many messages, by the time in milliseconds. */
const queueOf = (depthAt: (milliseconds: number) => number | undefined) => {
  const began = performance.now();
  return { depthOf: () => Promise.resolve(depthAt(performance.now() - began)) };
};

/** Waits for messages to return. Resolves with the milliseconds that it takes. */
async function timeUntil(
  broker: { depthOf: () => Promise<number | undefined> },
  count: number,
  signal?: AbortSignal,
): Promise<number> {
  const began = performance.now();
  await passing(untilReady(broker, 'dead', count, signal));
  return performance.now() - began;
}

it('ends when the messages are back', async () => {
  const took = await timeUntil(
    queueOf((time) => Math.min(5, Math.floor(time / 100))),
    5,
  );
  expect(took).toBeGreaterThanOrEqual(500);
  expect(took).toBeLessThan(600);
});

it('ends soon after the last one where one has expired meanwhile', async () => {
  const took = await timeUntil(
    queueOf((time) => (time < 100 ? 0 : 4)),
    5,
  );
  expect(took).toBeGreaterThan(300);
  expect(took).toBeLessThan(500);
});

it('ends with its time where messages keep coming', async () => {
  expect(await timeUntil(queueOf(Math.floor), 1e6)).toBeLessThan(1100);
});

it.each([undefined, 5])('ends at once where the queue is gone, or has them all', async (depth) => {
  expect(
    await timeUntil(
      queueOf(() => depth),
      5,
    ),
  ).toBe(0);
});

it.each([
  ['between two looks', queueOf(Math.floor)],
  ['during a look that gets no answer', { depthOf: () => new Promise<undefined>(() => undefined) }],
])('ends with the signal: %s', async (_name, broker) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  expect(await timeUntil(broker, 1e6, controller.signal)).toBeLessThan(100);
  expect(await timeUntil(broker, 1e6, controller.signal)).toBe(0);
});

it('ends with its time where a look gets no answer', async () => {
  const silent = { depthOf: () => new Promise<undefined>(() => undefined) };
  expect(await timeUntil(silent, 5)).toBeLessThan(1100);
});
