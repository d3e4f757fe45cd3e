import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../../lib/core/deadline.js';
import { AbortedCalls } from '../../../../lib/drivers/inbox/aborted-calls.js';
import { type Cancellable, Cancellations } from '../../../../lib/drivers/inbox/cancellations.js';

const DELAY = 50;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function make(delay = DELAY) {
  const announced: Cancellable[] = [];
  const cancellations = new Cancellations((request) => announced.push(request), delay);
  const request = (msgId: string) => {
    const reasons: string[] = [];
    return { msgId, replyQueue: 'reply_a', cancel: (reason: string) => reasons.push(reason), reasons };
  };
  return { cancellations, announced, request };
}

describe('requests that can be cancelled', () => {
  it('are announced once, after the delay, unless they have ended', () => {
    const { cancellations, announced, request } = make();
    const [long, short] = [request('long'), request('short')];
    cancellations.add(long);
    const remove = cancellations.add(short);
    vi.advanceTimersByTime(DELAY - 1);
    expect(announced).toEqual([]);
    remove();
    vi.advanceTimersByTime(10 * DELAY);
    expect(announced).toEqual([long]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are announced at once without a delay, and cancelled meanwhile', () => {
    const cancellations: Cancellations = new Cancellations(({ msgId }) => cancellations.cancel(msgId, 'before'), 0);
    const one = make().request('1');
    cancellations.add(one)();
    expect([one.reasons, cancellations.size]).toEqual([['before'], 0]);
  });

  it('are announced again, all of them', () => {
    const { cancellations, announced, request } = make(0);
    const requests = [request('1'), request('1'), request('2')];
    for (const one of requests) cancellations.add(one);
    announced.length = 0;
    cancellations.announceAll();
    expect(announced).toEqual(requests);
  });

  it('are cancelled by id: all with the id, and none that has ended', () => {
    const { cancellations, request } = make();
    const [one, again, other, ended] = [request('1'), request('1'), request('2'), request('3')];
    const ends = [one, again, other, ended].map((each) => cancellations.add(each));
    ends[3]?.();
    expect(cancellations.has(ended)).toBe(false);
    expect(['1', '3', '4', '__proto__'].map((id) => cancellations.cancel(id, 'no\nmore'))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([one, again, other, ended].map(({ reasons }) => reasons)).toEqual([['no more'], ['no more'], [], []]);
  });

  it('leave nothing behind', () => {
    const { cancellations, request } = make();
    for (let round = 0; round < 1000; round++) {
      const ends = [request('same'), request(`${round}`)].map((each) => cancellations.add(each));
      for (const end of ends) end();
      ends[0]?.();
    }
    expect([cancellations.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('get a reason of a bounded length', () => {
    const { cancellations, request } = make();
    const one = request('1');
    cancellations.add(one);
    cancellations.cancel('1', 'x'.repeat(10_000));
    expect(one.reasons[0]?.length).toBeLessThan(300);
  });
});

describe('calls that were given up', () => {
  const call = (msgId: string, timeout = 1000) => ({ msgId, deadline: Deadline.after(timeout) });

  it('are remembered with their reason until their deadline', () => {
    const calls = new AbortedCalls();
    expect(calls.reasonOf('1')).toBeUndefined();
    expect(calls.add(call('1'), new Error('enough'))).toBe('enough');
    calls.add(call('2', 5000), 'text');
    calls.add(call('3', 0), undefined);
    vi.advanceTimersByTime(500);
    expect(['1', '2', '3'].map((id) => calls.reasonOf(id))).toEqual(['enough', 'text', undefined]);
    vi.advanceTimersByTime(600);
    expect(['1', '2'].map((id) => calls.reasonOf(id))).toEqual([undefined, 'text']);
  });

  it('are bounded in number and size', () => {
    const calls = new AbortedCalls();
    const reason = new Error('x'.repeat(10_000));
    for (let id = 0; id < 20_000; id++) calls.add(call(`${id}`), reason);
    const kept = Array.from({ length: 20_000 }, (_, id) => calls.reasonOf(`${id}`)).filter((one) => one !== undefined);
    expect(kept.length).toBeLessThan(5000);
    expect(kept[0]?.length).toBeLessThan(300);
    expect(calls.reasonOf('19999')).toBeDefined();
  });

  it('may have any reason', () => {
    const throwing = Object.defineProperty({}, 'message', { get: () => expect.fail('read') });
    for (const reason of [{ message: 7 }, null, throwing])
      expect(typeof new AbortedCalls().add(call('1'), reason)).toBe('string');
  });
});
