import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallerWatch } from '../../../../lib/drivers/rabbit/caller-watch.js';
import { ChannelBudget } from '../../../../lib/drivers/rabbit/connection/channel-budget.js';

const ABSENT = Object.assign(new Error("NOT_FOUND - no queue 'reply_1' in vhost '/'"), { code: 404 });
const LOCKED = Object.assign(new Error("RESOURCE_LOCKED - cannot obtain exclusive access to queue 'reply_1'"), {
  code: 405,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** @param answers numbers of consumers that the broker reports one after the other, or the errors that it answers with */
function watchOf(answers: readonly (number | Error)[], connection: 'open' | 'lost' | 'mute' = 'open') {
  const left = [...answers];
  const channel = {
    on: () => undefined,
    once: () => undefined,
    close: async () => undefined,
    checkQueue: async () => {
      const answer = left.shift() ?? 0;
      if (answer instanceof Error) throw answer;
      return { consumerCount: answer };
    },
  };
  const createChannel = () => (connection === 'mute' ? new Promise(() => undefined) : Promise.resolve(channel));
  const current = connection === 'lost' ? undefined : { createChannel, connection: {} };
  const watch = new CallerWatch({ current } as never, new ChannelBudget());
  return { watch, left };
}

/** Milliseconds between heartbeats. */
const INTERVAL = 1000;

/** Delivers a heartbeat with one outcome after the other. */
function deliveries(...outcomes: boolean[]) {
  return async () => outcomes.shift() ?? true;
}

async function outcomeOf(work: Promise<boolean>): Promise<{ reached: boolean; after: number }> {
  const began = Date.now();
  let done: { reached: boolean; after: number } | undefined;
  void work.then((reached) => {
    done = { reached, after: Date.now() - began };
  });
  while (!done) await vi.advanceTimersByTimeAsync(10);
  return done;
}

it.each([
  ['is there when its queue has a consumer', [1], [true], true, 0],
  ['is there when nobody but its owner may look at the queue', [LOCKED], [true], true, 0],
  ['is there when a consumer is back soon', [0, 1], [true, true], true, 450],
  ['is there when a consumer is back later', [0, 0, 1], [true, true, true], true, 900],
  ['is there when its queue is back soon, even without a consumer', [], [false, true], true, 450],
  ['is gone when its queue stays without a consumer', [0, 0, 0], [true, true, true], false, 900],
  ['is gone when its queue stays missing', [], [false, false, false], false, 900],
  ['is gone when its queue vanishes after the heartbeat', [ABSENT, ABSENT, ABSENT], [true, true, true], false, 900],
])('a caller %s', async (_name, answers, outcomes, reached, after) => {
  const { watch, left } = watchOf(answers);
  const outcome = await outcomeOf(watch.reaches('reply_1', deliveries(...outcomes), INTERVAL));
  expect(outcome.reached).toBe(reached);
  expect(Math.abs(outcome.after - after)).toBeLessThanOrEqual(20);
  expect(left).toEqual([]);
  watch.close();
  expect(vi.getTimerCount()).toBe(0);
});

/** Sends heartbeats to a caller that has a consumer except for a time, in ms. @returns the time at which it is given up */
async function heartbeatsWhile(missing: readonly [from: number, to: number], interval: number) {
  let consumers = 1;
  const channel = {
    on: () => undefined,
    once: () => undefined,
    close: async () => undefined,
    checkQueue: async () => ({ consumerCount: consumers }),
  };
  const connection = { current: { createChannel: async () => channel, connection: {} } };
  const watch = new CallerWatch(connection as never, new ChannelBudget());
  const [from, to] = missing;
  let gone: number | undefined;
  const beats = setInterval(async () => {
    if (!(await watch.reaches('reply_1', async () => true, interval))) gone ??= Date.now() - began;
  }, interval);
  const began = Date.now();
  setTimeout(() => (consumers = 0), from);
  setTimeout(() => (consumers = 1), to);
  await vi.advanceTimersByTimeAsync(from + 2 * interval + 3000);
  clearInterval(beats);
  watch.close();
  return gone;
}

it.each([1000, 2000, 15_000])(
  'a caller that takes 1.2 s to reconnect is not gone, at an interval of %i ms',
  async (interval) => {
    for (let cut = 2 * interval + 5; cut <= 3 * interval; cut += interval / 40)
      expect(await heartbeatsWhile([cut, cut + 1200], interval), `${cut}`).toBeUndefined();
  },
);

it.each([1000, 2000, 15_000])('a dead caller is gone within the interval of %i ms and a second', async (interval) => {
  for (let cut = 2 * interval + 5; cut <= 3 * interval; cut += interval / 40) {
    const gone = (await heartbeatsWhile([cut, 1e9], interval)) ?? Number.POSITIVE_INFINITY;
    expect(gone - cut, `${cut}`).toBeLessThan(interval + 1000);
  }
});

it('takes a caller for alive without a connection', async () => {
  const { watch, left } = watchOf([0], 'lost');
  expect((await outcomeOf(watch.reaches('reply_1', deliveries(true), INTERVAL))).reached).toBe(true);
  expect(left).toEqual([0]);
});

it('takes a caller for alive when the broker does not answer', async () => {
  const { watch } = watchOf([], 'mute');
  const { reached, after } = await outcomeOf(watch.reaches('reply_1', deliveries(true), INTERVAL));
  expect(reached).toBe(true);
  expect(Math.abs(after - 5000)).toBeLessThanOrEqual(10);
});

it('asks once for all requests of a caller at the same time', async () => {
  const { watch, left } = watchOf([1, 7]);
  const all = Promise.all([1, 2, 3].map(() => watch.reaches('reply_1', deliveries(true), INTERVAL)));
  expect(await all).toEqual([true, true, true]);
  expect(left).toEqual([7]);
});

it('ends its wait when the transport closes, and leaves no timer', async () => {
  const { watch } = watchOf([0]);
  const work = watch.reaches('reply_1', deliveries(true), INTERVAL);
  await vi.advanceTimersByTimeAsync(10);
  watch.close();
  expect(await work).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
