import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConcurrencyLimit, type Work } from '../../../../lib/drivers/inbox/concurrency-limit.js';
import { LogRecorder } from '../../../support/log-recorder.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Starts a limit whose items end by `end`. */
function limited(limit: number, reserve: Partial<Work<string>> = {}) {
  const running = new Map<string, PromiseWithResolvers>();
  const started: string[] = [];
  const abandoned: string[] = [];
  const log = new LogRecorder();
  const work: Work<string> = {
    start: (item) => {
      started.push(item);
      const settlers = withResolvers();
      running.set(item, settlers);
      return settlers.promise;
    },
    abandon: (item) => abandoned.push(item),
    ...reserve,
  };
  const concurrency = new ConcurrencyLimit(limit, log, work);
  const end = async (item: string, error?: Error) => {
    if (error) running.get(item)?.reject(error);
    else running.get(item)?.resolve();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { concurrency, started, abandoned, log, end };
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve = (): void => undefined;
  let reject = (_error: Error): void => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

it('starts as many items as the limit, and the others in order when one has ended', async () => {
  const { concurrency, started, end } = limited(2);
  for (const item of ['a', 'b', 'c', 'd']) concurrency.add(item);
  expect([started, concurrency.taken]).toEqual([['a', 'b'], 2]);
  await end('b');
  expect([started, concurrency.taken]).toEqual([['a', 'b', 'c'], 2]);
  await end('a');
  await end('c');
  await end('d');
  expect([started, concurrency.taken]).toEqual([['a', 'b', 'c', 'd'], 0]);
});

it('frees the slot of an item that fails, and logs the reason', async () => {
  const { concurrency, started, log, end } = limited(1);
  for (const item of ['a', 'b']) concurrency.add(item);
  await end('a', new Error('damaged'));
  expect(started).toEqual(['a', 'b']);
  expect(log.messages(/damaged/, 'error')).toHaveLength(1);
});

it('makes an item wait for its reservation, and later items behind it', async () => {
  let room = 1;
  const given: number[] = [];
  const take = () => (room > 0 ? room-- : undefined);
  const give = (taken: number) => {
    room += taken;
    given.push(taken);
  };
  const { concurrency, started, end } = limited(5, { take, give });
  for (const item of ['a', 'b', 'c']) concurrency.add(item);
  expect(started).toEqual(['a']);
  await end('a');
  expect([started, given]).toEqual([['a', 'b'], [1]]);
});

it('starts items outside the async context of the code that adds them', () => {
  const store = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const start = async () => void seen.push(store.getStore());
  const { concurrency } = limited(1, { start });
  store.run('caller', () => concurrency.add('a'));
  expect(seen).toEqual([undefined]);
});

it('abandons waiting and later items when it is closed', async () => {
  const { concurrency, started, abandoned, end } = limited(1);
  for (const item of ['a', 'b']) concurrency.add(item);
  concurrency.close();
  concurrency.add('c');
  await end('a');
  expect([started, abandoned]).toEqual([['a'], ['b', 'c']]);
});

it('processes waiting items when it is closed to finish', async () => {
  const { concurrency, started, abandoned, end } = limited(1);
  for (const item of ['a', 'b']) concurrency.add(item);
  concurrency.close(true);
  concurrency.add('c');
  await end('a');
  expect([started, abandoned]).toEqual([['a', 'b'], ['c']]);
});

it('drains when the items in work have ended', async () => {
  const { concurrency, log, end } = limited(2);
  concurrency.add('a');
  const drained = vi.fn();
  void concurrency.drain(1000).then(drained);
  await vi.advanceTimersByTimeAsync(999);
  expect(drained).not.toHaveBeenCalled();
  await end('a');
  expect(drained).toHaveBeenCalledOnce();
  expect([vi.getTimerCount(), log.lines]).toEqual([0, []]);
});

it('stops draining at the timeout, and logs the number of items in work', async () => {
  const { concurrency, abandoned, log } = limited(1);
  for (const item of ['a', 'b']) concurrency.add(item);
  const drained = vi.fn();
  void concurrency.drain(1000, true).then(drained);
  await vi.advanceTimersByTimeAsync(1000);
  expect(drained).toHaveBeenCalledOnce();
  expect(abandoned).toEqual(['b']);
  expect(log.messages(/^Handlers still running after the drain timeout of .* s: 1;/, 'warn')).toHaveLength(1);
});

it('leaves an item that would wait to the work, where this declines it', async () => {
  const { concurrency, started, end } = limited(1, { decline: (item) => item === 'b' });
  for (const item of ['a', 'b', 'c']) concurrency.add(item);
  expect(concurrency.pending).toBe(1);
  await end('a');
  await end('c');
  concurrency.add('b');
  expect(started).toEqual(['a', 'c', 'b']);
});
