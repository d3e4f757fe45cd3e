import { describe, expect, it } from 'vitest';
import { membersOnline, whyUnavailable } from '../../../../../lib/drivers/rabbit/topology/queue-replicas.js';
import type { Trouble } from '../../../../../lib/drivers/rabbit/topology/trouble.js';

const members = ['a', 'b', 'c'];

describe('the replicas of a quorum queue', () => {
  const takesNothing = (lack: string) => `it has ${lack}, and takes nothing`;
  const startNodes = (nodes: string) => `Start the nodes of its other members: ${nodes}`;

  it.each<[string[], string | undefined, string, Trouble | undefined]>([
    [['a', 'b', 'c'], 'a', '', undefined],
    [['a', 'b'], 'b', ', 2 of 3 members online', undefined],
    [['a'], 'a', ', 1 of 3 members online', { fault: takesNothing('no majority'), cure: startNodes('b, c') }],
    [['a', 'b'], 'c', ', 2 of 3 members online', { fault: takesNothing('no leader'), cure: startNodes('c') }],
    [
      ['b'],
      undefined,
      ', 1 of 3 members online',
      { fault: takesNothing('no majority and no leader'), cure: startNodes('a, c') },
    ],
    [
      ['a', 'b', 'c'],
      undefined,
      '',
      { fault: takesNothing('no leader'), cure: expect.stringContaining('rabbitmq-queues quorum_status') as string },
    ],
  ])('online %j, led by %s', (online, leader, count, trouble) => {
    expect(membersOnline({ members, online, leader })).toBe(count);
    expect(whyUnavailable({ members, online, leader })).toEqual(trouble);
  });
});
