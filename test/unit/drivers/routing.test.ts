import { expect, it } from 'vitest';
import { Target } from '../../../lib/core/target.js';
import { notificationBindings, routeOf, serverBindings } from '../../../lib/drivers/routing.js';

it.each([
  [{ topic: 't' }, { exchange: 'tacker', key: 't', type: 'topic' }],
  [
    { topic: 't', exchange: 'e' },
    { exchange: 'e', key: 't', type: 'topic' },
  ],
  [
    { topic: 't', server: 's' },
    { exchange: 'tacker', key: 't.s', type: 'topic' },
  ],
  [
    { topic: 't', fanout: true },
    { exchange: 't_fanout', key: '', type: 'fanout' },
  ],
  [
    { topic: 't', fanout: true, exchange: 'e', server: 's' },
    { exchange: 't_fanout', key: '', type: 'fanout' },
  ],
] as const)('publishes to %o by %o', (target, route) => {
  expect(routeOf(new Target(target), 'tacker')).toEqual(route);
});

it('binds a server to its three queues', () => {
  const [shared, own, fanout] = serverBindings(new Target({ topic: 't', server: 's' }), 'tacker');
  expect(shared).toEqual({ exchange: 'tacker', key: 't', type: 'topic', queue: 't', transient: false });
  expect(own).toEqual({ exchange: 'tacker', key: 't.s', type: 'topic', queue: 't.s', transient: false });
  expect(fanout).toMatchObject({ exchange: 't_fanout', key: 't', type: 'fanout', transient: true });
  expect(fanout?.queue).toMatch(/^t_fanout_[\da-f]{32}$/);
});

it.each([
  [undefined, ['a.info', 'b.warn']],
  ['pool', ['pool', 'pool']],
])('binds a listener of the pool %s to %o', (pool, queues) => {
  const sources = [
    { exchange: 'e', key: 'a.info' },
    { exchange: 'f', key: 'b.warn' },
  ];
  const bindings = notificationBindings({ sources, pool, concurrency: 1, batchSize: 1, batchTimeout: undefined });
  expect(bindings.map(({ queue }) => queue)).toEqual(queues);
  expect(bindings.map(({ exchange, key }) => ({ exchange, key }))).toEqual(sources);
});
