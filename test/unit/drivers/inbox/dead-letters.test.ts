import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadLetters, type PublishDeadLetter } from '../../../../lib/drivers/inbox/dead-letters.js';
import { Pauses } from '../../../../lib/drivers/inbox/pauses.js';
import { fakeContext, fakeDelivery } from './fake-delivery.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param publish the publish of the engine */
function deadLetters(publish: PublishDeadLetter) {
  const context = fakeContext();
  const pauses = new Pauses();
  const publishing = vi.fn(publish);
  const letters = new DeadLetters(context, 'request', publishing, pauses);
  const letter = {
    delivery: fakeDelivery(),
    reason: 'a\nreason',
    deliveries: 3,
    published: vi.fn(),
    abandoned: vi.fn(),
  };
  const counted = () => context.counters.read().deadLettered;
  return { ...context, letters, letter, publishing, pauses, counted };
}

describe('the limit of deliveries', () => {
  it.each([
    { deliveries: 20, rabbitQuorumDeliveryLimit: undefined, maxReturns: Number.POSITIVE_INFINITY, limit: 20 },
    { deliveries: 3, rabbitQuorumDeliveryLimit: undefined, maxReturns: 20, limit: 3 },
    { deliveries: 20, rabbitQuorumDeliveryLimit: 5, maxReturns: Number.POSITIVE_INFINITY, limit: 5 },
    { deliveries: 20, rabbitQuorumDeliveryLimit: undefined, maxReturns: 4, limit: 4 },
    { deliveries: 20, rabbitQuorumDeliveryLimit: undefined, maxReturns: 0, limit: 1 },
  ])(
    'is the smallest of all, and at least 1: $limit',
    ({ deliveries, rabbitQuorumDeliveryLimit, maxReturns, limit }) => {
      const context = fakeContext({
        limits: { deliveries },
        rabbit: { rabbitQuorumQueue: true, rabbitQuorumDeliveryLimit },
      });
      const letters = new DeadLetters(context, 'request', async () => 'q.dead', new Pauses());
      expect(letters.limitOf(fakeDelivery({ maxReturns }))).toBe(limit);
    },
  );
});

it('publishes, counts and logs a dead letter', async () => {
  const { letters, letter, publishing, counted, log } = deadLetters(async () => 'q.dead');
  await letters.publish(letter);
  expect(publishing).toHaveBeenCalledExactlyOnceWith(letter.delivery, 'a reason', 3);
  expect([letter.published.mock.calls.length, letter.abandoned.mock.calls.length, counted()]).toEqual([1, 0, 1]);
  expect(log.lines).toEqual([{ level: 'error', message: 'Dead-lettered a request from "q": a reason (queue "q")' }]);
});

it.each([
  [undefined, 'Dropped a request from "q": a reason (queue "q")'],
  ['dead.all', 'Dead-lettered a request from "q": a reason (in "dead.all") (queue "q")'],
])('names an unusual outcome: %s', async (queue, line) => {
  const { letters, letter, log } = deadLetters(async () => queue);
  await letters.publish(letter);
  expect(log.messages(/./)).toEqual([line]);
  expect(letter.published).toHaveBeenCalledOnce();
});

it('repeats a failed publish with a growing delay, and settles the message once', async () => {
  let failures = 7;
  const { letters, letter, counted, log } = deadLetters(async () => {
    if (failures-- > 0) throw new Error('queue is full');
    return 'q.dead';
  });
  await letters.publish(letter);
  expect(letter.published).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(91_000);
  expect([letter.published.mock.calls.length, counted()]).toEqual([1, 1]);
  const seconds = log.messages(/queue is full/, 'warn').map((line) => Number(/in ([\d.]+) s/.exec(line)?.[1]));
  expect(seconds).toEqual([1, 2, 4, 8, 16, 30, 30]);
});

it('abandons the message when closing ends the retries', async () => {
  const { letters, letter, pauses, publishing, counted } = deadLetters(async () => {
    throw new Error('queue is full');
  });
  await letters.publish(letter);
  pauses.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([letter.published.mock.calls.length, letter.abandoned.mock.calls.length, counted()]).toEqual([0, 1, 0]);
  expect(publishing).toHaveBeenCalledOnce();
});
