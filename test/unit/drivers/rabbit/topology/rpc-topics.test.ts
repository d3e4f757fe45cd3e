import { expect, it } from 'vitest';
import { findRpcTopics } from '../../../../../lib/drivers/rabbit/topology/rpc-topics.js';

const named = (exchange: string, ...queues: string[]) => queues.map((queue) => ({ exchange, queue, key: queue }));
const fanout = (topic: string) => ({ exchange: `${topic}_fanout`, queue: `${topic}_fanout_1`, key: topic });

it('finds topics and their servers', () => {
  const bindings = [...named('tacker', 'b.h2', 'b', 'b.h1', 'a'), fanout('a'), fanout('b')];
  expect(findRpcTopics(bindings, new Map([['b.h1', 1]]))).toEqual([
    { exchange: 'tacker', topic: 'a', servers: [] },
    {
      exchange: 'tacker',
      topic: 'b',
      servers: [
        { server: 'h1', isRunning: true },
        { server: 'h2', isRunning: false },
      ],
    },
  ]);
});

it('understands names with dots', () => {
  const bindings = [...named('e', 'q', 'q.a', 'q.a.h.1', 'q.h.example.org'), fanout('q'), fanout('q.a')];
  expect(findRpcTopics(bindings, new Map())).toMatchObject([
    { topic: 'q', servers: [{ server: 'h.example.org' }] },
    { topic: 'q.a', servers: [{ server: 'h.1' }] },
  ]);
});

it('leaves out queues of notifications, of other exchanges, and other bindings', () => {
  const bindings = [
    ...named('tacker', 'notifications.info', 'notifications.error', 'idle', 'idle.h1'),
    ...named('other', 'a.h1'),
    ...named('tacker', 'a', 'a.'),
    { exchange: 'tacker', queue: 'a.h2', key: 'else' },
    fanout('a'),
  ];
  expect(findRpcTopics(bindings, new Map())).toEqual([{ exchange: 'tacker', topic: 'a', servers: [] }]);
});
