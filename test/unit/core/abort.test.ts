import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  abortErrorOf,
  Cancellation,
  follow,
  isAbortedBy,
  joinSignals,
  releaseSignal,
  unfollow,
} from '../../../lib/core/abort.js';
import { Deadline } from '../../../lib/core/deadline.js';
import { DeadlineWheel } from '../../../lib/core/deadline-wheel.js';
import { CallAborted } from '../../../lib/core/errors.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

const kinds: [string, () => { signal: AbortSignal | Cancellation; abort: (reason: unknown) => void }][] = [
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
    },
  ],
  [
    'a Cancellation',
    () => {
      const cancellation = new Cancellation();
      return { signal: cancellation, abort: (reason) => cancellation.abort(reason) };
    },
  ],
];

describe.each(kinds)('%s', (_kind, make) => {
  it('calls back each follower once when it aborts, except those that left', async () => {
    const { signal, abort } = make();
    const called: string[] = [];
    const leaving = () => void called.push('leaving');
    follow(signal, () => void called.push('one'));
    follow(signal, leaving);
    follow(signal, () => void called.push('two'));
    unfollow(signal, leaving);
    expect(called).toEqual([]);
    abort(new Error('enough'));
    abort(new Error('again'));
    expect(called).toEqual(['one', 'two']);
    expect(signal.reason).toMatchObject({ message: 'enough' });
    follow(signal, () => void called.push('late'));
    await Promise.resolve();
    expect(called).toEqual(['one', 'two', 'late']);
  });
});

it('keeps one listener on a signal of a user for any number of followers, and none for none', () => {
  const { signal } = new AbortController();
  const ends = Array.from({ length: 1000 }, () => () => undefined);
  for (const end of ends) follow(signal, end);
  expect(listeners(signal)).toBe(1);
  for (const end of ends) unfollow(signal, end);
  expect(listeners(signal)).toBe(0);
});

it('becomes an AbortSignal with the same reason for user code, before and after it aborts', () => {
  const reason = new Error('enough');
  const [before, after] = [new Cancellation(), new Cancellation()];
  const { signal } = before;
  expect(signal.aborted).toBe(false);
  for (const one of [before, after]) one.abort(reason);
  for (const one of [signal, before.signal, after.signal]) expect(one).toMatchObject({ aborted: true, reason });
});

it('joins signals, with the reason of the first that aborts, and leaves nothing on them when released', () => {
  const [user, other, third] = [new AbortController(), new AbortController(), new Cancellation()];
  const joined = joinSignals(joinSignals(user.signal, other.signal), third);
  expect(joinSignals(user.signal, undefined)).toBe(user.signal);
  expect(joinSignals(undefined, undefined)).toBeUndefined();
  const reason = new Error('enough');
  const released = joinSignals(user.signal, other.signal);
  releaseSignal(released);
  other.abort(reason);
  third.abort(new Error('too late'));
  expect(joined).toMatchObject({ aborted: true, reason });
  expect(released?.aborted).toBe(false);
  releaseSignal(joined);
  expect([listeners(user.signal), listeners(other.signal)]).toEqual([0, 0]);
  expect(joinSignals(AbortSignal.abort(reason), new Cancellation())).toMatchObject({ aborted: true, reason });
});

it('gives the reason itself where it is an Error, else an error around it', () => {
  const reason = new TypeError('enough');
  expect(abortErrorOf(AbortSignal.abort(reason))).toBe(reason);
  expect(abortErrorOf(AbortSignal.abort())).toMatchObject({ name: 'AbortError' });
  const wrapped = abortErrorOf(AbortSignal.abort('a text'), { method: 'run' });
  expect(wrapped).toBeInstanceOf(CallAborted);
  expect(wrapped).toMatchObject({ code: 'CALL_ABORTED', cause: 'a text', method: 'run' });
});

describe('A deadline with a signal', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is over once the signal aborts', () => {
    const controller = new AbortController();
    const deadline = Deadline.within(1000, Number.POSITIVE_INFINITY, controller.signal);
    expect([deadline.expired, deadline.remaining()]).toEqual([false, 1000]);
    controller.abort();
    expect([deadline.expired, deadline.remaining()]).toEqual([true, 0]);
  });

  it('is the limit where that comes first', () => {
    const limit = performance.now() + 300;
    expect(Deadline.within(1000, limit, undefined)).toMatchObject({ at: limit, inherited: true });
    expect(Deadline.within(100, limit, undefined)).toMatchObject({ inherited: false });
    expect(Deadline.after(1000).inherited).toBe(false);
  });

  it.each(['settles first', 'is aborted', 'is late'])(
    'leaves neither timer nor listener where a race %s',
    async (how) => {
      const controller = new AbortController();
      const deadline = Deadline.within(1000, Number.POSITIVE_INFINITY, controller.signal);
      let settle = (_value: string) => undefined as unknown;
      const work = new Promise<string>((resolve) => {
        settle = resolve;
      });
      const race = deadline.race(work, () => new Error('late')).catch((error: Error) => error.message);
      expect(listeners(controller.signal)).toBe(1);
      if (how === 'settles first') settle('done');
      else if (how === 'is aborted') controller.abort(new Error('enough'));
      else await vi.advanceTimersByTimeAsync(1002);
      expect(await race).toBe({ 'settles first': 'done', 'is aborted': 'enough', 'is late': 'late' }[how]);
      expect([listeners(controller.signal), vi.getTimerCount()]).toEqual([0, 0]);
    },
  );

  it('ends a pause', async () => {
    const controller = new AbortController();
    const pause = Deadline.within(1000, Number.POSITIVE_INFINITY, controller.signal).pause(500);
    controller.abort();
    await pause;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('expires in a wheel as its signal aborts, once, and leaves no listener', async () => {
    const controller = new AbortController();
    const expired: string[] = [];
    const wheel = new DeadlineWheel<{ name: string; deadline: Deadline }>(({ name }) => expired.push(name));
    const entryOf = (name: string) => {
      const entry = { name, deadline: Deadline.within(1000, Number.POSITIVE_INFINITY, controller.signal) };
      wheel.add(entry);
      return entry;
    };
    const [, removed] = [entryOf('one'), entryOf('removed')];
    wheel.remove(removed);
    expect(expired).toEqual([]);
    controller.abort();
    expect(expired).toEqual(['one']);
    expect(listeners(controller.signal)).toBe(0);
    entryOf('added later');
    await Promise.resolve();
    expect(expired).toEqual(['one', 'added later']);
    await vi.advanceTimersByTimeAsync(3000);
    expect(expired).toHaveLength(2);
  });
});

describe('isAbortedBy', () => {
  const reason = new Error('enough');
  const abortError = (cause: unknown) => Object.assign(new Error('aborted'), { name: 'AbortError', cause });
  const circular = abortError(undefined);
  circular.cause = circular;

  it.each([
    ['the reason', reason],
    ['an AbortError with this cause', abortError(reason)],
    ['one around another', abortError(abortError(reason))],
  ])('is true for %s', (_name, thrown) => expect(isAbortedBy(thrown, reason)).toBe(true));

  it.each([
    ['an AbortError of another signal', abortError(new Error('enough'))],
    ['one without a cause', new DOMException('aborted', 'AbortError')],
    ['one that causes itself', circular],
    ['another error with this cause', new Error('failed', { cause: reason })],
    ['no error', undefined],
    [
      'a value that throws when it is read',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no');
          },
        },
      ),
    ],
  ])('is false for %s', (_name, thrown) => expect(isAbortedBy(thrown, reason)).toBe(false));
});
