import { expect, it } from 'vitest';
import { limitsOf } from '../../../lib/core/limits.js';

it.each([
  [{}, 200],
  [{ goneReplyQueues: 7 }, 7],
  [{ missingReplyQueues: 8 }, 8],
  [{ goneReplyQueues: 7, missingReplyQueues: 8 }, 8],
])('accepts the former name of limits.missingReplyQueues: %j', (given, expected) => {
  expect(limitsOf(given).missingReplyQueues).toBe(expected);
});
