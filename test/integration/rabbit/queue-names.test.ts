import { connect } from 'amqplib';
import { getRpcServer, getRpcTransport, type RabbitOptions, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { amqpUrl } from '../../../testkit/amqp.js';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../../support/borrowed-node.js';
import { describeWithRabbitControl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { ManagementApi } from '../../support/management.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const NAMED: RabbitOptions = {
  useQueueManager: true,
  hostname: 'node1',
  processname: 'api',
  rabbitRetryInterval: '50ms',
};

describeWithRabbitControl('useQueueManager', () => {
  let node: RabbitNode;
  let management: ManagementApi;
  let vhost: string;
  let url: string;
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    node = await borrowNode();
    management = new ManagementApi(node);
  });
  afterAll(() => returnNode(node));
  beforeEach(async () => {
    ({ vhost, url } = await management.addVhost());
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** Starts a server and a client of the topic, as in one process. */
  async function start(host: string, rabbit = NAMED, transportUrl = url) {
    const transport = getRpcTransport({ transportUrl, rabbit, logger: silent, rpcResponseTimeout: '10s' });
    const seen: unknown[] = [];
    const endpoint = { who: () => host, note: (_context: object, args: object) => void seen.push(args) };
    const server = getRpcServer(transport, new Target({ topic: 'topo', server: host }), [endpoint]);
    await server.start();
    const client = new RPCClient(transport, new Target({ topic: 'topo' }));
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= server.stop().then(() => transport.cleanup());
      return closing;
    };
    cleanups.push(close);
    const ask = (server: string) => client.prepare({ server }).call({}, 'who');
    const castToAll = (args: object) => client.prepare({ fanout: true }).cast({}, 'note', args);
    return { ask, castToAll, seen, close };
  }

  const names = async () => {
    const all = await management.queueNames(vhost);
    return all.filter((name) => name.startsWith('reply_') || name.startsWith('topo_fanout'));
  };

  it.each([
    ['classic', {}, { durable: false, arguments: { 'x-expires': 1_800_000 } }],
    [
      'quorum',
      { rabbitTransientQuorumQueue: true },
      { durable: true, arguments: { 'x-expires': 1_800_000, 'x-queue-type': 'quorum' } },
    ],
  ])('names %s queues like Python', async (_name, options, declared) => {
    const one = await start('one', { ...NAMED, ...options });
    expect(await one.ask('one')).toBe('one');
    expect(await names()).toEqual(['reply_node1:api:1', 'topo_fanout_node1:api:1']);
    const { queues } = await management.topology(vhost);
    for (const name of await names()) {
      expect(queues).toContainEqual({ name, autoDelete: false, exclusive: false, ...declared });
    }
  });

  it('gives each process separate numbers, even at a concurrent start', async () => {
    const processes = [await start('one'), ...(await Promise.all([start('two'), start('three')]))];
    const answers = processes.flatMap(({ ask }) => ['one', 'two', 'three'].map((server) => ask(server)));
    expect(await Promise.all(answers)).toEqual(['one', 'two', 'three', 'one', 'two', 'three', 'one', 'two', 'three']);
    expect(await names()).toEqual([
      'reply_node1:api:1',
      'reply_node1:api:2',
      'reply_node1:api:3',
      'topo_fanout_node1:api:1',
      'topo_fanout_node1:api:2',
      'topo_fanout_node1:api:3',
    ]);
    await processes[0]?.castToAll({ n: 1 });
    await eventually(() => expect(processes.map(({ seen }) => seen)).toEqual([[{ n: 1 }], [{ n: 1 }], [{ n: 1 }]]));
  });

  it('keeps the queues for the next start, which receives the messages of the meantime', async () => {
    const before = await start('one');
    expect(await before.ask('one')).toBe('one');
    const other = await start('two', { ...NAMED, processname: 'other' });
    await before.close();
    const left = ['reply_node1:api:1', 'topo_fanout_node1:api:1', 'topo_fanout_node1:other:1'];
    expect(await names()).toEqual(left);
    expect((await management.queueNames(vhost)).filter((name) => name.includes('api') && /^claim/.test(name))).toEqual(
      [],
    );
    await other.castToAll({ n: 1 });
    const after = await start('one');
    await eventually(() => expect(after.seen).toEqual([{ n: 1 }]));
    expect(await after.ask('two')).toBe('two');
    expect(await names()).toEqual(left);
  });

  it('keeps its numbers after a reconnection', async () => {
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const one = await start('one', NAMED, proxy.url + vhost);
    expect(await one.ask('one')).toBe('one');
    const before = await names();
    proxy.cut();
    await eventually(async () => expect(await one.ask('one')).toBe('one'));
    expect(await names()).toEqual(before);
  });

  it('uses the next number if another process uses its own after the outage', async () => {
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const one = await start('one', NAMED, proxy.url + vhost);
    expect(await one.ask('one')).toBe('one');
    await proxy.refuse();
    proxy.cut();
    const otherProcess = await connect(amqpUrl(url));
    cleanups.push(() => otherProcess.close());
    await eventually(async () => {
      const channel = await otherProcess.createChannel();
      channel.on('error', () => undefined);
      await channel.assertQueue('claim_reply_node1:api:1', { exclusive: true, durable: false });
    });
    await proxy.accept();
    await eventually(async () => expect(await names()).toContain('reply_node1:api:2'), { within: 10_000 });
    expect(await one.ask('one')).toBe('one');
    expect(await names()).not.toContain('topo_fanout_node1:api:2');
  });
});
