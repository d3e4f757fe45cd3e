import {
  getRpcServer,
  getRpcTransport,
  type RabbitOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import type { RabbitNode } from '../../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../../support/borrowed-node.js';
import { describeWithRabbitControl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { ManagementApi } from '../../support/management.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const STREAM: RabbitOptions = { rabbitStreamFanout: true, rabbitTransientQuorumQueue: true };

describeWithRabbitControl('rabbitStreamFanout', () => {
  let node: RabbitNode;
  let management: ManagementApi;
  let vhost: string;
  let url: string;
  const cleanups: (() => Promise<void>)[] = [];

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

  function connect(rabbit: RabbitOptions, transportUrl = url): Transport {
    const transport = getRpcTransport({ transportUrl, rabbit, concurrency: 5, logger: silent });
    cleanups.push(() => transport.cleanup());
    return transport;
  }

  /** A server that records which fanouts it gets. */
  async function serve(host: string, rabbit: RabbitOptions, transportUrl = url): Promise<number[]> {
    const seen: number[] = [];
    const endpoint = { note: (_context: object, { n }: { n: number }) => void seen.push(n) };
    const target = new Target({ topic: 'topo', server: host });
    const server = getRpcServer(connect(rabbit, transportUrl), target, [endpoint]);
    await server.start();
    cleanups.push(() => server.stop());
    return seen;
  }

  function caster(rabbit: RabbitOptions): (n: number) => Promise<void> {
    const client = new RPCClient(connect(rabbit), new Target({ topic: 'topo', fanout: true }));
    return (n) => client.cast({}, 'note', { n });
  }

  it.each([
    ['with rabbitTransientQuorumQueue', STREAM],
    ['alone', { rabbitStreamFanout: true }],
  ])(
    '%s declares one stream for the topic, read from its beginning where it is new, under a prefetch limit',
    async (_name, rabbit) => {
      await serve('one', { ...rabbit, rabbitTransientQueuesTtl: 90 });
      await serve('two', { ...rabbit, rabbitTransientQueuesTtl: 90, rabbitQosPrefetchCount: 3 });
      const { exchanges, queues, bindings } = await management.topology(vhost);
      const fanout = { name: 'topo_fanout', type: 'fanout', durable: true, autoDelete: true, arguments: {} };
      expect(exchanges.filter(({ type }) => type === 'fanout')).toEqual([fanout]);
      const stream = { durable: true, autoDelete: false, exclusive: false };
      expect(queues.filter(({ name }) => name.includes('fanout'))).toEqual([
        { name: 'topo_fanout', ...stream, arguments: { 'x-queue-type': 'stream', 'x-max-age': '90s' } },
      ]);
      expect(bindings).toContainEqual({ exchange: 'topo_fanout', queue: 'topo_fanout', key: 'topo' });
      // The plugin learns of consumers every few seconds.
      const readers = await eventually(
        async () => {
          const { consumers } = await management.topology(vhost);
          const found = consumers.filter(({ queue }) => queue === 'topo_fanout');
          expect(found.map(({ prefetch }) => prefetch).toSorted()).toEqual([3, 5]);
          return found;
        },
        { within: 20_000, every: 200 },
      );
      for (const { acknowledges } of readers) expect(acknowledges).toBe(true);
      const offsets = readers.map((reader) => reader.arguments['x-stream-offset']);
      expect(offsets.toSorted()).toEqual(['first', 'next']);
    },
  );

  it('keeps messages for ever with a time to live of 0', async () => {
    await serve('one', { ...STREAM, rabbitTransientQueuesTtl: 0 });
    const { queues } = await management.topology(vhost);
    const stream = queues.find(({ name }) => name === 'topo_fanout');
    expect(stream?.arguments).toEqual({ 'x-queue-type': 'stream' });
  });

  it('delivers a fanout to each server that runs, and none to a server that starts later', async () => {
    const first = await serve('one', STREAM);
    const second = await serve('two', STREAM);
    const cast = caster(STREAM);
    for (const n of [1, 2, 3]) await cast(n);
    await eventually(() =>
      expect([first, second]).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]),
    );
    const late = await serve('three', STREAM);
    await cast(4);
    await eventually(() => expect([first, second, late].map((seen) => seen.at(-1))).toEqual([4, 4, 4]));
    expect(late).toEqual([4]);
  });

  it('runs each fanout once, however often the server is restarted', async () => {
    const cast = caster(STREAM);
    const runs: number[] = [];
    for (const round of [0, 1, 2, 3]) {
      const seen = await serve('one', STREAM);
      const sent = [1, 2, 3].map((n) => round * 3 + n);
      // At once, so that the broker stores them in few chunks.
      await Promise.all(sent.map(cast));
      await eventually(() => expect(seen).toContain(sent.at(-1)));
      await cleanups.pop()?.();
      runs.push(...seen);
    }
    expect(runs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  });

  it('runs no fanout from before the start, and each one that is published after it', async () => {
    await serve('one', STREAM);
    const cast = caster(STREAM);
    let sent = 0;
    let casting = true;
    const published = (async () => {
      while (casting) await Promise.all(Array.from({ length: 20 }, () => cast(++sent)));
    })();
    await eventually(() => expect(sent).toBeGreaterThan(200));
    const before = sent - 20;
    const seen = await serve('two', STREAM);
    const after = sent + 1;
    await eventually(() => expect(sent).toBeGreaterThan(after + 100));
    casting = false;
    await published;
    await eventually(() => expect(seen).toContain(sent));
    expect(Math.min(...seen)).toBeGreaterThan(before);
    const expected = Array.from({ length: sent - after + 1 }, (_, index) => after + index);
    await eventually(() => expect(expected.filter((n) => !seen.includes(n))).toEqual([]));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each([
    ['with many old messages', 200],
    ['that is empty', 0],
  ])('loses no fanout where the connection is lost before the first one, on a stream %s', async (_name, old) => {
    await serve('one', STREAM);
    const cast = caster(STREAM);
    await Promise.all(Array.from({ length: old }, (_, index) => cast(index + 1000)));
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const seen = await serve('two', { ...STREAM, rabbitRetryInterval: '50ms' }, proxy.url + vhost);
    await proxy.refuse();
    proxy.cut();
    for (const n of [1, 2, 3]) await cast(n);
    await proxy.accept();
    await eventually(() => expect(seen).toContain(3), { within: 10_000 });
    await cast(4);
    await eventually(() => expect(seen).toContain(4));
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('delivers the first fanouts to a server that started on an empty stream', async () => {
    const first = await serve('one', STREAM);
    const second = await serve('two', STREAM);
    const cast = caster(STREAM);
    for (const n of [1, 2, 3]) await cast(n);
    await eventually(() =>
      expect([first, second]).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]),
    );
  });

  it('continues at the next offset after a lost connection, without a duplicate or a gap', async () => {
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const seen = await serve('one', { ...STREAM, rabbitRetryInterval: '50ms' }, proxy.url + vhost);
    const cast = caster(STREAM);
    for (const n of [1, 2, 3]) await cast(n);
    await eventually(() => expect(seen).toEqual([1, 2, 3]));
    await proxy.refuse();
    proxy.cut();
    for (const n of [4, 5, 6]) await cast(n);
    await proxy.accept();
    await eventually(() => expect(seen).toContain(6), { within: 10_000 });
    await cast(7);
    await eventually(() => expect(seen).toContain(7));
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('reads a stream from its beginning after it was deleted', async () => {
    const seen = await serve('one', STREAM);
    const cast = caster(STREAM);
    for (const n of [1, 2, 3]) await cast(n);
    await eventually(() => expect(seen).toEqual([1, 2, 3]));
    await withChannel(url, (channel) => channel.deleteQueue('topo_fanout'));
    await eventually(async () => {
      expect((await management.topology(vhost)).bindings.map(({ queue }) => queue)).toContain('topo_fanout');
    });
    await cast(4);
    await eventually(() => expect(seen).toEqual([1, 2, 3, 4]));
  });

  it.each([
    ['as long as the old one was', [4, 5, 6]],
    ['longer', [4, 5, 6, 7]],
    ['shorter', [4]],
  ])('reads a stream from its beginning that was replaced during the outage: %s', async (_what, missed) => {
    const proxy = await TcpProxy.start(node.port);
    cleanups.push(() => proxy.close());
    const away = await serve('one', { ...STREAM, rabbitRetryInterval: '50ms' }, proxy.url + vhost);
    const there = await serve('two', STREAM);
    const cast = caster(STREAM);
    for (const n of [1, 2, 3]) await cast(n);
    await eventually(() =>
      expect([away, there]).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]),
    );
    await proxy.refuse();
    proxy.cut();
    await withChannel(url, (channel) => channel.deleteQueue('topo_fanout'));
    await eventually(async () => {
      expect((await management.topology(vhost)).bindings.map(({ queue }) => queue)).toContain('topo_fanout');
    });
    for (const n of missed) await cast(n);
    await eventually(() => expect(there).toEqual([1, 2, 3, ...missed]));
    await proxy.accept();
    await eventually(() => expect(away).toEqual(there), { within: 10_000 });
    await cast(8);
    await eventually(() => expect([away, there].map((seen) => seen.at(-1))).toEqual([8, 8]));
    expect(away).toEqual(there);
  });

  it('leaves the stream in place when a server stops', async () => {
    await serve('one', STREAM);
    await cleanups.pop()?.();
    expect(await management.queueNames(vhost)).toContain('topo_fanout');
  });

  it.each([
    ['a server, then a client', 'server'],
    ['a client, then a server', 'client'],
  ])('declares the fanout exchange alike for %s with the same options', async (_name, first) => {
    const rabbit = { rabbitStreamFanout: true, topologyConflict: 'fail' } as const;
    const cast = caster(rabbit);
    if (first === 'client') await cast(0);
    const seen = await serve('one', rabbit);
    await cast(1);
    await eventually(() => expect(seen).toEqual([1]));
  });

  it('reaches a stream with a publisher without the option', async () => {
    const seen = await serve('one', { rabbitStreamFanout: true });
    await caster({})(1);
    await eventually(() => expect(seen).toEqual([1]));
  });

  it('fails with a clear error if the name belongs to a queue of another type', async () => {
    await withChannel(url, (channel) => channel.assertQueue('topo_fanout', { durable: true }));
    await expect(serve('one', STREAM)).rejects.toMatchObject({
      code: 'SERVER_LISTEN',
      message: expect.stringMatching(/queue "topo_fanout" cannot be declared.*x-queue-type/),
    });
  });
});
