import type { ChannelModel } from 'amqplib';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ChannelPool } from '../../../../../lib/drivers/rabbit/publishing/channel-pool.js';
import type { PublishingChannel } from '../../../../../lib/drivers/rabbit/publishing/publishing-channel.js';

const BOUND = 2;
const model = {} as ChannelModel;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(open?: () => Promise<PublishingChannel>) {
  const discarded: PublishingChannel[] = [];
  let bound = BOUND;
  const pool: ChannelPool = new ChannelPool({
    bound: () => bound,
    open: open ?? (async () => ({ usable: true, model }) as PublishingChannel),
    discard: (channel) => {
      discarded.push(channel);
      pool.remove(channel);
    },
  });
  const use = async (key: string) => {
    const lease = pool.lease(key);
    const channel = await pool.acquire(model, lease);
    return { channel, end: () => pool.release(lease) };
  };
  const limit = (most: number) => {
    bound = most;
    pool.shrink();
  };
  return { pool, use, limit, discarded };
}

it('assigns one channel to the messages of one key, and another to another key', async () => {
  const { use } = setUp();
  const [first, second, other] = await Promise.all([use('a'), use('a'), use('b')]);
  expect(second.channel).toBe(first.channel);
  expect(other.channel).not.toBe(first.channel);
});

it('assigns an idle channel to the next key, and no busy one', async () => {
  const { use } = setUp();
  const [first, second] = await Promise.all([use('a'), use('a')]);
  first.end();
  const other = await use('b');
  expect(other.channel).not.toBe(first.channel);
  second.end();
  expect((await use('c')).channel).toBe(first.channel);
});

it('makes keys wait for a channel, in order', async () => {
  const { use } = setUp();
  const [a] = await Promise.all([use('a'), use('b')]);
  const order: string[] = [];
  const waiting = ['c', 'd'].map((key) =>
    use(key).then((used) => {
      order.push(key);
      return used;
    }),
  );
  a.end();
  const c = await waiting[0];
  expect(c?.channel).toBe(a.channel);
  expect(order).toEqual(['c']);
  c?.end();
  expect((await waiting[1])?.channel).toBe(a.channel);
});

it('shares the least used channel when none becomes idle', async () => {
  const { use } = setUp();
  const [a, b] = await Promise.all([use('a'), use('b')]);
  const c = use('c');
  await vi.advanceTimersByTimeAsync(250);
  expect((await c).channel).toBe(a.channel);
  // Nobody else waits as long again, until a channel is idle.
  expect((await use('d')).channel).toBe(b.channel);
});

it('makes a key wait again once a shared channel was idle', async () => {
  const { use } = setUp();
  const [a, b] = await Promise.all([use('a'), use('b')]);
  const c = use('c');
  await vi.advanceTimersByTimeAsync(250);
  b.end();
  await use('b');
  const d = use('d');
  const shared = vi.fn();
  void d.then(shared);
  await vi.advanceTimersByTimeAsync(249);
  expect(shared).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect((await d).channel).toBe(b.channel);
  expect((await c).channel).toBe(a.channel);
});

it('opens a channel for a waiting key when one is closed, and assigns another to the old key', async () => {
  const { pool, use } = setUp();
  const [a] = await Promise.all([use('a'), use('b')]);
  const c = use('c');
  pool.remove(a.channel);
  expect((await c).channel).not.toBe(a.channel);
  const again = use('a');
  await vi.advanceTimersByTimeAsync(250);
  expect((await again).channel).not.toBe(a.channel);
});

it('removes a key that stopped waiting', async () => {
  const { pool, use } = setUp();
  const [a] = await Promise.all([use('a'), use('b')]);
  const lease = pool.lease('c');
  const waiting = expect(pool.acquire(model, lease)).rejects.toThrow();
  pool.release(lease);
  await waiting;
  a.end();
  expect((await use('d')).channel).toBe(a.channel);
  expect(vi.getTimerCount()).toBe(1);
});

it('tries again after a channel could not be opened', async () => {
  const open = vi.fn(async () => ({ usable: true, model }) as PublishingChannel);
  open.mockRejectedValueOnce(new Error('lost'));
  const { use } = setUp(open);
  await expect(use('a')).rejects.toThrow('lost');
  await expect(Promise.all([use('b'), use('c')])).resolves.toHaveLength(BOUND);
});

it('closes channels that stay idle for some seconds, all but one', async () => {
  const { use, discarded } = setUp();
  const [a, b] = await Promise.all([use('a'), use('b')]);
  a.end();
  b.end();
  await vi.advanceTimersByTimeAsync(2000);
  expect(discarded).toEqual([]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(discarded).toEqual([b.channel]);
  expect((await use('c')).channel).toBe(a.channel);
  await vi.advanceTimersByTimeAsync(2000);
  expect(vi.getTimerCount()).toBe(0);
});

it('keeps the channels of several keys that are used about once a second', async () => {
  const open = vi.fn(async () => ({ usable: true, model }) as PublishingChannel);
  const { use, discarded } = setUp(open);
  for (let second = 0; second < 10; second++) {
    for (const { end } of await Promise.all([use('a'), use('b')])) end();
    await vi.advanceTimersByTimeAsync(1100);
  }
  expect(open).toHaveBeenCalledTimes(BOUND);
  expect(discarded).toEqual([]);
});

it('assigns an idle channel of the connection although another connection has one', async () => {
  const open = vi.fn(async (on: ChannelModel) => ({ usable: true, model: on }) as PublishingChannel);
  const pool = new ChannelPool({ bound: () => BOUND, open, discard: () => undefined });
  const leases = ['a', 'b'].map((key) => pool.lease(key));
  const [old, current] = [{} as ChannelModel, model];
  await Promise.all(leases.map((lease, index) => pool.acquire(index === 0 ? old : current, lease)));
  for (const lease of leases) pool.release(lease);
  expect((await pool.acquire(current, pool.lease('c'))).model).toBe(current);
  expect(open).toHaveBeenCalledTimes(2);
});

it('closes channels above a bound that was lowered', async () => {
  const { use, limit, discarded } = setUp();
  await Promise.all([use('a'), use('b')]);
  limit(1);
  expect(discarded).toHaveLength(1);
});

it('rejects every waiting key when the connection is lost', async () => {
  let fail: (error: Error) => void = () => undefined;
  const lost = new Promise<PublishingChannel>((_resolve, reject) => {
    fail = reject;
  });
  const { use } = setUp(() => lost);
  const uses = Promise.allSettled(['a', 'b', 'c', 'd'].map((key) => use(key)));
  fail(new Error('lost'));
  expect((await uses).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  expect(vi.getTimerCount()).toBe(0);
});

it('rejects a waiting key when no more channel may be opened', async () => {
  const { use, limit } = setUp();
  await Promise.all([use('a'), use('b')]);
  const waiting = expect(use('c')).rejects.toThrow('no channel');
  limit(0);
  await vi.advanceTimersByTimeAsync(250);
  await waiting;
  expect(vi.getTimerCount()).toBe(0);
});

it('assigns an idle channel to a key of its connection, ahead of a key of another connection', async () => {
  const { pool, use } = setUp();
  const [a] = await Promise.all([use('a'), use('b')]);
  const other = pool.lease('other');
  const stale = pool.acquire({} as ChannelModel, other).catch((error: Error) => error.message);
  const c = use('c');
  a.end();
  expect((await c).channel).toBe(a.channel);
  pool.release(other);
  expect(await stale).toBe('no longer needed');
});
