import { expect, it } from 'vitest';
import { isReplyQueue, newReplyQueueName } from '../../../lib/drivers/reply-queue.js';

it('allows the names that it makes, and no name twice', () => {
  const [one, other] = [newReplyQueueName(), newReplyQueueName()];
  expect(one).not.toBe(other);
  expect([isReplyQueue(one, false), isReplyQueue(other, false), isReplyQueue(one, false)]).toEqual([true, true, true]);
});

it.each([
  ['reply_abc', true, true],
  ['reply_host:process:1', true, true],
  [`reply_${'a'.repeat(240)}`, true, true],
  [`reply_${'a'.repeat(241)}`, false, true],
  ['reply_', false, true],
  ['reply_a b', false, true],
  ['conductor', false, true],
  ['', false, false],
  ['a'.repeat(255), false, true],
  ['a'.repeat(256), false, false],
  // Two bytes each.
  ['ä'.repeat(128), false, false],
])('of %s: by default %s, with anyReplyQueue %s', (name, byDefault, any) => {
  expect(isReplyQueue(name, false)).toBe(byDefault);
  expect(isReplyQueue(name, true)).toBe(any);
});
