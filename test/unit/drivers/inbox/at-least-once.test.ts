import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readRequest } from '../../../../lib/core/rpc-message.js';
import { AtLeastOnce, type CountReturn } from '../../../../lib/drivers/inbox/at-least-once.js';
import { DuplicateWindow } from '../../../../lib/drivers/inbox/duplicate-window.js';
import type { InboxRequest } from '../../../../lib/drivers/inbox/inbox-request.js';
import { RequestLog } from '../../../../lib/drivers/inbox/request-log.js';
import { type FakeDelivery, fakeContext, fakeDelivery } from './fake-delivery.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const ANSWERED = { isOwed: false, waiting: undefined } as InboxRequest;
const UNANSWERED = { isOwed: true, waiting: undefined } as InboxRequest;

function atLeastOnce({ concurrency = 4, countReturn = (async () => undefined) as CountReturn } = {}) {
  const context = fakeContext({ limits: { deliveries: 3 } });
  const seen = new DuplicateWindow(100, 60_000);
  const deadLetter = vi.fn(async () => 'q.dead');
  const log = new RequestLog(context.settings.logger, undefined);
  const requests = new AtLeastOnce(context, concurrency, seen, deadLetter, countReturn, log);
  const process = (delivery: FakeDelivery, run: () => Promise<InboxRequest>, id = 'r1') =>
    requests.process(readRequest({ method: 'm', _unique_id: id }), delivery, run);
  return { ...context, seen, deadLetter, requests, process };
}

/** Returns a request whose reply waits for its queue, with the function that delivers the reply. */
function withWaitingReply() {
  let deliver = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    deliver = resolve;
  });
  const request = { isOwed: true, waiting } as InboxRequest;
  return {
    request,
    deliver: () => {
      request.isOwed = false;
      deliver();
    },
  };
}

it('acknowledges a request after its reply, and remembers it', async () => {
  const { process, seen } = atLeastOnce();
  const delivery = fakeDelivery();
  const request = await process(delivery, async () => {
    expect(delivery.settled).toEqual([]);
    return ANSWERED;
  });
  expect(request).toBe(ANSWERED);
  expect(delivery.settled).toEqual(['acknowledged']);
  expect(seen.has('r1')).toBe(true);
});

it('requeues an unanswered request after a delay that grows with its returns', async () => {
  const { process, seen } = atLeastOnce();
  const first = fakeDelivery();
  await process(first, async () => UNANSWERED);
  await vi.advanceTimersByTimeAsync(99);
  expect(first.settled).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(first.settled).toEqual(['requeued']);
  const second = fakeDelivery({ redelivered: true });
  await process(second, async () => UNANSWERED);
  await vi.advanceTimersByTimeAsync(199);
  expect(second.settled).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(second.settled).toEqual(['requeued']);
  expect(seen.has('r1')).toBe(false);
});

it('runs a request once that is redelivered while it is in work, and settles both deliveries', async () => {
  const { process, counters } = atLeastOnce();
  const [first, again] = [fakeDelivery(), fakeDelivery({ redelivered: true })];
  const run = vi.fn(async () => ANSWERED);
  await process(first, async () => {
    expect(await process(again, run)).toBeUndefined();
    return ANSWERED;
  });
  expect(run).not.toHaveBeenCalled();
  expect([first.settled, again.settled]).toEqual([['acknowledged'], ['acknowledged']]);
  expect(counters.read().duplicates).toBe(1);
});

it('dead-letters a request that the broker has returned too often, without running it', async () => {
  const { process, deadLetter } = atLeastOnce();
  const delivery = fakeDelivery({ returns: 3, redelivered: true });
  const run = vi.fn(async () => ANSWERED);
  expect(await process(delivery, run)).toBeUndefined();
  expect(run).not.toHaveBeenCalled();
  const reason = 'returned 3 times without an acknowledgement';
  expect(deadLetter).toHaveBeenCalledExactlyOnceWith(delivery, reason, 4);
  expect(delivery.settled).toEqual(['acknowledged']);
});

it('dead-letters a request that was requeued here too often, and runs one that is moved back', async () => {
  const { process, deadLetter } = atLeastOnce();
  const run = vi.fn(async () => UNANSWERED);
  await process(fakeDelivery(), run);
  for (let returns = 0; returns < 3; returns++) {
    await vi.advanceTimersByTimeAsync(1000);
    await process(fakeDelivery({ redelivered: true }), run);
  }
  expect([run.mock.calls.length, deadLetter.mock.calls.length]).toEqual([3, 1]);
  await process(fakeDelivery(), run);
  expect(run).toHaveBeenCalledTimes(4);
});

it('publishes a request with its count instead of running it if the queue does not count', async () => {
  const countReturn = vi.fn(async () => undefined);
  const { process } = atLeastOnce({ countReturn });
  const delivery = fakeDelivery({ redelivered: true, uncounted: true });
  const run = vi.fn(async () => ANSWERED);
  await process(delivery, run);
  expect(countReturn).toHaveBeenCalledExactlyOnceWith(delivery, 'r1');
  expect(run).not.toHaveBeenCalled();
  expect(delivery.settled).toEqual(['acknowledged']);
});

it('runs a request if its return cannot be counted, and logs the reason', async () => {
  const { process, log } = atLeastOnce({ countReturn: () => Promise.reject(new Error('queue is full')) });
  const delivery = fakeDelivery({ redelivered: true, uncounted: true });
  expect(await process(delivery, async () => ANSWERED)).toBe(ANSWERED);
  expect(delivery.settled).toEqual(['acknowledged']);
  expect(log.messages(/queue is full/, 'warn')).toHaveLength(1);
});

it('passes on the failure of a run, without settling the message', async () => {
  const { process } = atLeastOnce();
  const delivery = fakeDelivery();
  await expect(process(delivery, () => Promise.reject(new Error('no dispatcher')))).rejects.toThrow('no dispatcher');
  expect(delivery.settled).toEqual([]);
  expect(await process(delivery, async () => ANSWERED)).toBe(ANSWERED);
});

it('acknowledges a request when its waiting reply is delivered', async () => {
  const { process } = atLeastOnce();
  const delivery = fakeDelivery();
  const { request, deliver } = withWaitingReply();
  await process(delivery, async () => request);
  expect(delivery.settled).toEqual([]);
  deliver();
  await request.waiting;
  expect(delivery.settled).toEqual(['acknowledged']);
});

it('lets waiting replies hold half of the prefetch, then acknowledges the oldest, once', async () => {
  const { process } = atLeastOnce({ concurrency: 4 });
  const [one, two, three] = [withWaitingReply(), withWaitingReply(), withWaitingReply()];
  const deliveries = [fakeDelivery(), fakeDelivery(), fakeDelivery()] as const;
  await process(deliveries[0], async () => one.request, 'r1');
  await process(deliveries[1], async () => two.request, 'r2');
  expect(deliveries.map(({ settled }) => settled.length)).toEqual([0, 0, 0]);
  await process(deliveries[2], async () => three.request, 'r3');
  expect(deliveries.map(({ settled }) => settled.length)).toEqual([1, 0, 0]);
  for (const { deliver } of [one, two, three]) deliver();
  await Promise.all([one, two, three].map(({ request }) => request.waiting));
  expect(deliveries.map(({ settled }) => settled)).toEqual(Array(3).fill(['acknowledged']));
});

it('requeues its delayed requests at once when it is closed', async () => {
  const { process, requests } = atLeastOnce();
  const delivery = fakeDelivery();
  await process(delivery, async () => UNANSWERED);
  requests.close();
  expect(delivery.settled).toEqual(['requeued']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(delivery.settled).toEqual(['requeued']);
});
