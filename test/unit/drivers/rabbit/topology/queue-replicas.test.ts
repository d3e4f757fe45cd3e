import { describe, expect, it } from 'vitest';
import { membersOnline, whyUnavailable } from '../../../../../lib/drivers/rabbit/topology/queue-replicas.js';

const members = ['a', 'b', 'c'];

describe('the replicas of a quorum queue', () => {
  it.each<[string[], string | undefined, string, string | undefined]>([
    [['a', 'b', 'c'], 'a', '', undefined],
    [['a', 'b'], 'b', ', 2 of 3 members online', undefined],
    [
      ['a'],
      'a',
      ', 1 of 3 members online',
      'it has no majority, and takes nothing; start the nodes of its other members: b, c',
    ],
    [
      ['a', 'b'],
      'c',
      ', 2 of 3 members online',
      'it has no leader, and takes nothing; start the nodes of its other members: c',
    ],
    [
      ['b'],
      undefined,
      ', 1 of 3 members online',
      'it has no majority and no leader, and takes nothing; start the nodes of its other members: a, c',
    ],
    [['a', 'b', 'c'], undefined, '', 'it has no leader, and takes nothing'],
  ])('online %j, led by %s', (online, leader, count, fault) => {
    expect(membersOnline({ members, online, leader })).toBe(count);
    expect(whyUnavailable({ members, online, leader })).toBe(fault);
  });
});
