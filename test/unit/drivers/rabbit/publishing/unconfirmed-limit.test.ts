import { expect, it } from 'vitest';
import { ClientSendError } from '../../../../../lib/core/errors.js';
import { UnconfirmedLimit } from '../../../../../lib/drivers/rabbit/publishing/unconfirmed-limit.js';
import { fakeContext } from '../../inbox/fake-delivery.js';

function make(limits: { pendingPublishes?: number; pendingPublishBytes?: number } = {}) {
  const context = fakeContext({ limits });
  return { limit: new UnconfirmedLimit(context), counts: () => context.counters.read() };
}

it.each([
  ['messages', { pendingPublishes: 2 }, /^2 messages wait .*\(limits\.pendingPublishes\)/],
  [
    'bytes',
    { pendingPublishBytes: 25 },
    /^20 bytes wait .* with 10 more .* limit of 25 \(limits\.pendingPublishBytes\)/,
  ],
])('refuses a message above the limit of %s, and counts it', (_name, limits, reason) => {
  const { limit, counts } = make(limits);
  for (let sent = 0; sent < 2; sent++) {
    limit.assertRoom(10);
    limit.add(10, false);
  }
  expect([limit.messages, limit.bytes]).toEqual([2, 20]);
  expect(() => limit.assertRoom(10)).toThrow(ClientSendError);
  expect(() => limit.assertRoom(10)).toThrow(reason);
  expect(counts().overLimit).toBe(2);
  limit.remove(10, false);
  expect(() => limit.assertRoom(10)).not.toThrow();
  expect([limit.messages, limit.bytes]).toEqual([1, 10]);
});

it('settles at once without an awaited message', async () => {
  const { limit } = make();
  limit.add(10, false);
  await limit.whenSettled();
});

it('settles when its last awaited message is removed', async () => {
  const { limit } = make();
  for (const awaited of [true, true, false]) limit.add(10, awaited);
  let isSettled = false;
  const settled = limit.whenSettled().then(() => {
    isSettled = true;
  });
  const states: boolean[] = [];
  for (const awaited of [false, true, true]) {
    limit.remove(10, awaited);
    await Promise.resolve();
    await Promise.resolve();
    states.push(isSettled);
  }
  await settled;
  expect(states).toEqual([false, false, true]);
});
