import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RpcRequest } from '../../../../lib/core/rpc-message.js';
import type { Delivery } from '../../../../lib/drivers/inbox/delivery.js';
import { EPISODE_MS } from '../../../../lib/drivers/inbox/load-shedding.js';
import { FULL_MS, Overload } from '../../../../lib/drivers/inbox/overload.js';
import { fakeContext, fakeDelivery } from './fake-delivery.js';

const TIMEOUT_MS = 2000;
/** Age of a call that has no time left, though its caller still waits. */
const TOO_OLD_MS = 1950;

const call = { method: 'work', msgId: 'm', replyQueue: 'reply_a' } as RpcRequest;
const cast = { method: 'work' } as RpcRequest;

describe('the overload of a server', () => {
  let context: ReturnType<typeof fakeContext>;
  let overload: Overload;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(performance, 'now').mockReturnValue(0);
    context = fakeContext();
    overload = new Overload(context, { marker: 'ping', selects: ({ method }) => method === 'ping' }, false);
    // All slots are taken.
    overload.take(0, true);
    refuses(call, 1000);
    advance(FULL_MS);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  const advance = (milliseconds: number): void => {
    vi.mocked(performance.now).mockReturnValue(performance.now() + milliseconds);
    vi.advanceTimersByTime(milliseconds);
  };
  const arrived = (facts: Partial<Delivery> = {}) =>
    fakeDelivery({ expiration: TIMEOUT_MS, expires: performance.now() + TIMEOUT_MS, ...facts });
  const refuses = (request: RpcRequest, age: number | undefined, facts: Partial<Delivery> = {}) =>
    overload.refuses(request, arrived(facts), age === undefined ? age : { before: age }, true);

  it('never refuses a cast, a request that may have been started, or one that needs no slot', () => {
    expect(refuses(cast, TOO_OLD_MS)).toBe(false);
    expect(refuses(call, TOO_OLD_MS, { repeated: true })).toBe(false);
    expect(refuses({ ...call, method: 'ping' }, TOO_OLD_MS)).toBe(false);
    expect(refuses(call, TOO_OLD_MS, { expiration: undefined })).toBe(false);
    expect(refuses(call, TOO_OLD_MS)).toBe(true);
  });

  it('is reported when it begins and when it ends, with the number of refused calls', () => {
    expect(overload.state).toEqual({ refusing: false, refused: 0 });
    for (const _ of Array(3)) refuses(call, TOO_OLD_MS);
    expect(overload.state).toEqual({ refusing: true, refused: 3 });
    expect(context.log.messages(/Overloaded: calls in "q"/, 'warn')).toHaveLength(1);
    advance(EPISODE_MS - 1);
    refuses(call, TOO_OLD_MS);
    advance(1);
    expect(context.log.messages(/No longer overloaded/)).toEqual([]);
    expect(overload.state).toEqual({ refusing: true, refused: 4 });
    advance(EPISODE_MS);
    expect(overload.state).toEqual({ refusing: false, refused: 4 });
    expect(context.log.messages(/No longer overloaded after \d+\.\d s; refused 4 calls/, 'log')).toHaveLength(1);
    expect(context.counters.read().shedRequests).toBe(4);
  });

  it('is not reported after the end of its server', () => {
    refuses(call, TOO_OLD_MS);
    overload.close();
    refuses(call, TOO_OLD_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never takes the wait of one caller for that of another', () => {
    for (const _ of [0, 1, 2]) {
      expect(refuses(call, TOO_OLD_MS)).toBe(true);
      expect(refuses(call, undefined)).toBe(false);
      advance(500);
    }
    expect(refuses(call, 1000)).toBe(true);
    expect(refuses(call, undefined)).toBe(false);
  });

  it('starts a late call while slots have been taken for a moment only', () => {
    refuses(call, 0);
    expect(refuses(call, TOO_OLD_MS)).toBe(false);
    advance(FULL_MS - 1);
    expect(refuses(call, TOO_OLD_MS)).toBe(false);
    advance(1);
    expect(refuses(call, TOO_OLD_MS)).toBe(true);
  });

  it('lets calls wait while a thousand refusals are not sent', async () => {
    for (const _ of [0, 1, 2]) {
      refuses(call, TOO_OLD_MS);
      advance(500);
    }
    let sent: () => void = () => undefined;
    const reply = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const tracked = Array.from({ length: 1000 }, () => overload.track(reply, () => ({})));
    expect(overload.isActive(performance.now())).toBe(false);
    expect(refuses(call, TOO_OLD_MS)).toBe(false);
    sent();
    await Promise.all(tracked);
    expect(overload.isActive(performance.now())).toBe(true);
  });

  it('logs a refusal that fails', async () => {
    await overload.track(Promise.reject(new Error('no channel')), () => ({}));
    expect(context.log.messages(/A call could not be refused: no channel/, 'error')).toHaveLength(1);
  });
});
