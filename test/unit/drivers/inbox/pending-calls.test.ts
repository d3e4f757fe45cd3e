import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from '../../../../lib/core/deadline.js';
import { ClientSendError, InvalidMessage, MessagingTimeout, RemoteError } from '../../../../lib/core/errors.js';
import { Target } from '../../../../lib/core/target.js';
import type { Delivery } from '../../../../lib/drivers/inbox/delivery.js';
import { PendingCalls } from '../../../../lib/drivers/inbox/pending-calls.js';
import { fakeContext, fakeDelivery } from './fake-delivery.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function make(limits: { pendingCalls?: number; depth?: number } = {}) {
  const context = fakeContext({ limits });
  const aborted: unknown[][] = [];
  const calls = new PendingCalls(context, new Set(), {
    aborted: ({ msgId, cancelTo }, reason) => aborted.push([msgId, cancelTo, reason]),
    announced: (...announcement) => aborted.push(announcement),
  });
  /** Adds a call, and records how it settles. */
  const add = (
    msgId: string,
    {
      timeout = 10_000,
      monitor = 0,
      cause = undefined as Error | undefined,
      signal = undefined as AbortSignal | undefined,
    } = {},
  ) => {
    const settled: unknown[] = [];
    const details = { method: 'run', target: new Target({ topic: 'orders' }) };
    const deadline = Deadline.after(timeout).with(signal);
    calls
      .add(msgId, deadline, monitor || undefined, details, () => cause)
      .then(
        (result) => settled.push(result),
        (error: unknown) => settled.push(error),
      );
    return settled;
  };
  const receive = (reply: object, facts: Partial<Delivery> = {}) => {
    const body = Buffer.from(JSON.stringify({ result: null, failure: null, ...reply }));
    const delivery = fakeDelivery({ body, ...facts });
    calls.receive(delivery);
    return delivery;
  };
  return { ...context, calls, aborted, add, receive, passing: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

const settle = () => Promise.resolve();

describe('a pending call', () => {
  it('resolves with the result of its reply, which is acknowledged', async () => {
    const { calls, add, receive } = make();
    const [one, other] = [add('1'), add('2')];
    expect(calls.size).toBe(2);
    const reply = receive({ _msg_id: '1', result: { a: 1 }, ending: true });
    await settle();
    expect([one, other]).toEqual([[{ a: 1 }], []]);
    expect(reply.settled).toEqual(['acknowledged']);
    expect(calls.size).toBe(1);
  });

  it('resolves with null without a result', async () => {
    const { add, receive } = make();
    const settled = add('1');
    receive({ _msg_id: '1', ending: true });
    await settle();
    expect(settled).toEqual([null]);
  });

  it('resolves with a result that arrived before the ending', async () => {
    const { add, receive } = make();
    const settled = add('1');
    receive({ _msg_id: '1', result: 7, ending: false });
    await settle();
    expect(settled).toEqual([]);
    receive({ _msg_id: '1', ending: true });
    await settle();
    expect(settled).toEqual([7]);
  });

  it('is passed on when its signal aborts, with the queue of its last server, and at no other end', async () => {
    const { calls, aborted, add, receive, passing } = make();
    const controller = new AbortController();
    const { signal } = controller;
    const settled = ['1', '2', '3', '4'].map((id) => add(id, { timeout: id === '4' ? 5000 : 10_000, signal }));
    receive({ _msg_id: '1', ending: false }, { cancelTo: 'reply_one' });
    receive({ _msg_id: '1', ending: false }, { cancelTo: 'reply_two' });
    receive({ _msg_id: '3', result: 3, ending: true });
    await passing(5100);
    expect(aborted).toEqual([]);
    controller.abort(new Error('enough'));
    expect(aborted).toEqual([
      ['1', 'reply_two', signal.reason],
      ['2', undefined, signal.reason],
    ]);
    receive({ _msg_id: '2', ending: false }, { cancelTo: 'reply_one' });
    expect(aborted.slice(2)).toEqual([['2', 'reply_one']]);
    await settle();
    expect(settled.slice(0, 3)).toEqual([[signal.reason], [signal.reason], [3]]);
    expect(calls.size).toBe(0);
  });

  it('times out where a failure arrives after its deadline, and before its timer', async () => {
    const { add, receive, counters } = make();
    // The timer of all calls expires at whole multiples of 10 ms.
    await vi.advanceTimersByTimeAsync(10 - (performance.now() % 10));
    const settled = add('1', { timeout: 13 });
    await vi.advanceTimersByTimeAsync(14);
    expect(settled).toEqual([]);
    const failure = { class: 'MessagingTimeout', module: 'x', message: 'too slow', tb: [], args: [], kwargs: {} };
    receive({ _msg_id: '1', failure: JSON.stringify(failure), ending: true });
    await settle();
    expect(settled).toEqual([expect.any(MessagingTimeout)]);
    expect(counters.read().lateReplies).toBe(1);
  });

  it('rejects with the failure of its reply', async () => {
    const { add, receive } = make();
    const settled = add('1');
    const failure = { class: 'Boom', module: 'x', message: 'no way', tb: [], args: [], kwargs: {} };
    receive({ _msg_id: '1', failure: JSON.stringify(failure), ending: true });
    await settle();
    expect(settled).toEqual([expect.any(RemoteError)]);
    expect(settled[0]).toMatchObject({ excType: 'Boom', method: 'run' });
  });

  it('settles once, and counts later replies', async () => {
    const { add, receive, counters, log } = make();
    const settled = add('1');
    for (const result of [1, 2]) receive({ _msg_id: '1', result, ending: true });
    receive({ _msg_id: 'never', ending: false });
    await settle();
    expect(settled).toEqual([1]);
    expect(counters.read().lateReplies).toBe(1);
    expect(log.messages(/^No call waits for the reply to (1|never) \(message id "\1"\)$/, 'debug')).toHaveLength(2);
  });

  it('times out at its deadline, with the cause', async () => {
    const { calls, add, passing } = make();
    const cause = new Error('There is no connection');
    const [early, late] = [add('1', { timeout: 1000, cause }), add('2', { timeout: 5000 })];
    await passing(999);
    expect(early).toEqual([]);
    await passing(100);
    expect(early).toEqual([expect.any(MessagingTimeout)]);
    expect(early[0]).toMatchObject({
      cause,
      message: expect.stringMatching(/ID 1 \("run" on .*: There is no connection$/),
    });
    expect(late).toEqual([]);
    await passing(5000);
    expect(late[0]).toMatchObject({ message: expect.stringMatching(/ID 2 \("run" on [^:]*\)$/) });
    expect(calls.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('times out without a heartbeat in time', async () => {
    const { add, receive, passing } = make();
    const settled = add('1', { monitor: 2 });
    for (let beats = 0; beats < 3; beats++) {
      await passing(1900);
      receive({ _msg_id: '1', ending: false });
    }
    await passing(1999);
    expect(settled).toEqual([]);
    await passing(2);
    expect(settled).toEqual([expect.any(MessagingTimeout)]);
  });

  it('is refused above the limit, and counted', async () => {
    const { calls, add, receive, counters } = make({ pendingCalls: 1 });
    const settled = add('1');
    expect(() => add('2')).toThrow(ClientSendError);
    expect(() => add('2')).toThrow(/^1 calls are pending.*limits\.pendingCalls/);
    expect(counters.read().overLimit).toBe(2);
    receive({ _msg_id: '1', ending: true });
    await settle();
    expect(settled).toEqual([null]);
    add('2');
    expect(calls.size).toBe(1);
  });

  it('can be rejected, alone or with all others', async () => {
    const { calls, add } = make();
    const settled = ['1', '2', '3'].map((id) => add(id, { monitor: 5 }));
    calls.reject('1', new Error('one'));
    calls.reject('1', new Error('again'));
    calls.close();
    await settle();
    const closed = { message: 'The transport was closed', method: 'run' };
    expect(settled.flat()).toMatchObject([{ message: 'one' }, closed, closed]);
    expect([calls.size, vi.getTimerCount() <= 1]).toEqual([0, true]);
  });

  it('is passed on when all are rejected, if it has a signal', async () => {
    const { calls, aborted, add, receive } = make();
    const { signal } = new AbortController();
    const [settled] = [add('1', { signal }), add('2', { signal }), add('3')];
    receive({ _msg_id: '2', ending: false }, { cancelTo: 'reply_one' });
    calls.close();
    await settle();
    const closed = expect.objectContaining({ message: 'The transport was closed' });
    expect(settled).toEqual([closed]);
    expect(aborted).toEqual([
      ['1', undefined, closed],
      ['2', 'reply_one', closed],
    ]);
  });
});

describe('a reply that cannot be read', () => {
  const refuse = (reason: string) => () => {
    throw new InvalidMessage(reason);
  };

  it('rejects its call at once, and is acknowledged, counted and logged', async () => {
    const { calls, add, counters, log } = make();
    const settled = add('1');
    const delivery = fakeDelivery({ body: Buffer.from('{"_msg_id": "1", "result": ['), read: refuse('not\nJSON') });
    calls.receive(delivery);
    await settle();
    expect(settled).toEqual([expect.any(InvalidMessage)]);
    expect(settled[0]).toMatchObject({
      message: expect.stringMatching(/^The reply to message ID 1 \("run" on .*not\nJSON$/),
    });
    expect(delivery.settled).toEqual(['acknowledged']);
    expect(counters.read().refusedMessages).toBe(1);
    expect(log.messages(/^Refused a reply: not JSON( \(|$)/, 'warn')).toHaveLength(1);
  });

  it.each([
    ['names no call', { body: Buffer.from('{"result": 1}') }],
    ['names an unknown call', { body: Buffer.from('{"_msg_id": "2", "x"'), read: refuse('not JSON') }],
    ['cannot be decompressed', { read: refuse('damaged'), text: refuse('damaged') }],
  ])('leaves the pending calls alone if it %s', async (_name, facts) => {
    const { calls, add, counters } = make();
    const settled = add('1');
    calls.receive(fakeDelivery(facts));
    await settle();
    expect(settled).toEqual([]);
    expect(counters.read().refusedMessages).toBe(1);
  });
});
