import { expect, it } from 'vitest';
import { snakeCase } from '../../../lib/core/snake-case.js';

it.each([
  ['rabbitQuorumQueue', 'rabbit_quorum_queue'],
  ['ssl', 'ssl'],
  ['accepted_events', 'accepted_events'],
  ['deadLettered', 'dead_lettered'],
])('spells %s as %s', (name, expected) => {
  expect(snakeCase(name)).toBe(expected);
});
