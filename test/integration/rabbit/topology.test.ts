import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type RabbitOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../../support/borrowed-node.js';
import { describeWithRabbitControl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { ManagementApi, type Topology } from '../../support/management.js';
import { silent } from '../../support/silent.js';

const classic = (durable: boolean, autoDelete: boolean, args = {}) => {
  return { durable, autoDelete, exclusive: false, arguments: args };
};
const EXCLUSIVE = { ...classic(false, false), exclusive: true };
const EXPIRES = { 'x-expires': 1_800_000 };
const CLASSIC = { 'x-queue-type': 'classic' };
const QUORUM = { 'x-queue-type': 'quorum' };
const LIMITS = { 'x-delivery-limit': 3, 'x-max-in-memory-length': 50, 'x-max-in-memory-bytes': 60_000 };
const limits = { rabbitQuorumDeliveryLimit: 3, rabbitQuorumMaxMemoryLength: 50, rabbitQuorumMaxMemoryBytes: 60_000 };

interface Expected {
  /** Arguments of the control exchange and its queues. */
  shared?: ReturnType<typeof classic>;
  /** Arguments of the reply queue and the fanout queue. */
  transient?: ReturnType<typeof classic>;
  /** Arguments of the reply queue, where they are others. */
  reply?: ReturnType<typeof classic>;
  fanoutExchangeDurable?: boolean;
}

const cases: [name: string, options: RabbitOptions, expected: Expected][] = [
  ['no options', {}, {}],
  ['amqpDurableQueues', { amqpDurableQueues: true }, { shared: classic(true, false) }],
  ['amqpAutoDelete', { amqpAutoDelete: true }, { shared: classic(false, true) }],
  ['both of them', { amqpDurableQueues: true, amqpAutoDelete: true }, { shared: classic(true, true) }],
  ['rabbitQuorumQueue', { rabbitQuorumQueue: true }, { shared: classic(true, false, QUORUM) }],
  [
    'rabbitQuorumQueue with its limits',
    { rabbitQuorumQueue: true, ...limits },
    { shared: classic(true, false, { ...QUORUM, ...LIMITS }) },
  ],
  ['limits without quorum queues', limits, {}],
  [
    'rabbitTransientQuorumQueue',
    { rabbitTransientQuorumQueue: true },
    { transient: classic(true, false, { ...QUORUM, ...EXPIRES }), fanoutExchangeDurable: true },
  ],
  [
    'quorum queues throughout, with limits',
    { rabbitQuorumQueue: true, rabbitTransientQuorumQueue: true, ...limits },
    {
      shared: classic(true, false, { ...QUORUM, ...LIMITS }),
      transient: classic(true, false, { ...QUORUM, ...LIMITS, ...EXPIRES }),
      fanoutExchangeDurable: true,
    },
  ],
  [
    'the profile rabbitmq-4',
    { profile: 'rabbitmq-4' },
    {
      shared: classic(true, false, QUORUM),
      reply: EXCLUSIVE,
      transient: classic(true, false, { ...CLASSIC, ...EXPIRES }),
      fanoutExchangeDurable: true,
    },
  ],
  [
    'the profile with options that win',
    { profile: 'rabbitmq-4', rabbitQuorumQueue: false, rabbitTransientQueuesTtl: '1m' },
    {
      shared: classic(true, false),
      reply: EXCLUSIVE,
      transient: classic(true, false, { ...CLASSIC, 'x-expires': 60_000 }),
      fanoutExchangeDurable: true,
    },
  ],
  [
    'the profile with quorum queues for replies and fanouts',
    { profile: 'rabbitmq-4', rabbitTransientQuorumQueue: true },
    {
      shared: classic(true, false, QUORUM),
      transient: classic(true, false, { ...QUORUM, ...EXPIRES }),
      fanoutExchangeDurable: true,
    },
  ],
  [
    'rabbitTransientQueuesTtl',
    { rabbitTransientQueuesTtl: 90 },
    { transient: classic(false, false, { 'x-expires': 90_000 }) },
  ],
  ['rabbitTransientQueuesTtl of 0', { rabbitTransientQueuesTtl: 0 }, { transient: classic(false, false) }],
  [
    'rabbitHaQueues',
    { rabbitHaQueues: true },
    {
      shared: classic(false, false, { 'x-ha-policy': 'all' }),
      transient: classic(false, false, { 'x-ha-policy': 'all', ...EXPIRES }),
    },
  ],
];

/** A server, a call to it, a fanout and a notification: all that is ever declared. */
async function use(transportUrl: string, rabbit: RabbitOptions, during: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const warnings: string[] = [];
  const options = {
    transportUrl,
    rabbit,
    concurrency: 7,
    logger: { ...silent, warn: (m: string) => warnings.push(m) },
  };
  const transport = getRpcTransport(options);
  const notifications = getNotificationTransport(options);
  const endpoint = { see: (_context: object, { what }: { what: string }) => seen.push(what) };
  const server = getRpcServer(transport, new Target({ topic: 'topo', server: 'one' }), [endpoint]);
  try {
    await server.start();
    const client = new RPCClient(transport, new Target({ topic: 'topo' }));
    await client.call({}, 'see', { what: 'call' });
    await client.prepare({ server: 'one' }).cast({}, 'see', { what: 'cast' });
    await client.prepare({ fanout: true }).cast({}, 'see', { what: 'fanout' });
    await new Notifier(notifications, { publisherId: 'p', topics: ['events'] }).info({}, 'happened', {});
    await eventually(() => expect(seen.toSorted()).toEqual(['call', 'cast', 'fanout']));
    await during();
  } finally {
    await server.stop();
    await Promise.all([transport.cleanup(), notifications.cleanup()]);
  }
  return warnings;
}

describeWithRabbitControl('the topology on RabbitMQ', () => {
  let node: RabbitNode;
  let management: ManagementApi;

  beforeAll(async () => {
    node = await borrowNode();
    management = new ManagementApi(node);
  });
  afterAll(() => returnNode(node));

  async function topologyOf(rabbit: RabbitOptions): Promise<Topology> {
    const { vhost, url } = await management.addVhost();
    let topology: Topology | undefined;
    const warnings = await use(url, rabbit, async () => {
      topology = await management.topology(vhost);
    });
    expect(warnings).toEqual([]);
    return topology ?? expect.fail('nothing was seen');
  }

  it.each(cases)('with %s', async (_name, rabbit, expected) => {
    const { shared = classic(false, false), transient = classic(false, false, EXPIRES) } = expected;
    const { reply = transient } = expected;
    const exchange = { durable: shared.durable, autoDelete: shared.autoDelete, arguments: {} };
    const fanout = { durable: expected.fanoutExchangeDurable ?? false, autoDelete: true, arguments: {} };
    const { exchanges, queues, bindings } = await topologyOf(rabbit);
    expect(exchanges).toEqual([
      { name: 'tacker', type: 'topic', ...exchange },
      { name: 'topo_fanout', type: 'fanout', ...fanout },
    ]);
    expect(queues).toEqual([
      { name: 'events.info', ...shared },
      { name: 'reply_<id>', ...reply },
      { name: 'topo', ...shared },
      { name: 'topo.one', ...shared },
      { name: 'topo_fanout_<id>', ...transient },
    ]);
    expect(bindings).toEqual([
      { exchange: 'tacker', queue: 'events.info', key: 'events.info' },
      { exchange: 'tacker', queue: 'topo', key: 'topo' },
      { exchange: 'tacker', queue: 'topo.one', key: 'topo.one' },
      { exchange: 'topo_fanout', queue: 'topo_fanout_<id>', key: 'topo' },
    ]);
  });

  it('needs no transient queue under the profile rabbitmq-4', async () => {
    const { queues } = await topologyOf({ profile: 'rabbitmq-4' });
    expect(queues.filter(({ durable, exclusive }) => !durable && !exclusive)).toEqual([]);
  });
});
