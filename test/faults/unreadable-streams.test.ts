import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWithRabbitControl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { StreamCluster } from '../support/stream-cluster.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const WARNING = /Cannot read the stream/;

describeWithRabbitControl('a fanout stream that cannot be read on the node of a server', () => {
  let streams: StreamCluster;

  beforeAll(async () => {
    streams = await StreamCluster.start(2);
  }, 240_000);
  afterAll(() => streams?.cluster.stop());
  afterEach(() => streams?.cleanUp());

  it('does not keep the server from starting, and is read as soon as it can be', async () => {
    const topic = await streams.newTopic();
    const elsewhere = streams.client(topic, streams.first.url);
    await elsewhere.cast(1);
    await streams.removeReplica(topic);
    const { transport, log, seen } = await streams.serve(topic, streams.last.url);
    await elsewhere.cast(2);
    expect(await elsewhere.call(1)).toBe(1);
    const { status, consumers, lastError } = transport.health();
    expect(status).toBe('degraded');
    expect(consumers.map(({ queue, attached }) => [queue.replace(topic, ''), attached])).toEqual([
      ['', true],
      [expect.stringMatching(/^\.host-/), true],
      ['_fanout', false],
    ]);
    expect(lastError?.message).toMatch(/replica on the local node/);
    // The second attempt is no second warning.
    await eventually(() => expect(log.messages(WARNING, 'debug').length).toBeGreaterThan(0));
    expect(log.messages(WARNING, 'warn')).toEqual([
      expect.stringMatching(/"\S+_fanout": .*; the server works without its fanouts, next attempt in [\d.]+ s$/),
    ]);
    await streams.addReplica(topic);
    await eventually(() => expect(transport.health().status).toBe('connected'), { within: 30_000 });
    await elsewhere.cast(3);
    await eventually(() => expect(seen).toEqual([2, 3]));
    expect(log.messages(/^Reading the stream "\S+_fanout" after [\d.]+ s$/, 'warn')).toHaveLength(1);
    expect(transport.counts.lostConnections).toBe(0);
  });

  it('is resumed where it was left, when the server has reconnected without it', async () => {
    const topic = await streams.newTopic();
    const elsewhere = streams.client(topic, streams.first.url);
    const proxy = await TcpProxy.start(streams.last.port);
    const { transport, log, seen } = await streams.serve(topic, proxy.url);
    await elsewhere.cast(1);
    await eventually(() => expect(seen).toEqual([1]));
    await streams.removeReplica(topic);
    // RabbitMQ 3.10 does not tell the consumer of a stream that its replica is gone.
    proxy.cut();
    await eventually(() => expect(transport.health().status).toBe('degraded'));
    expect(log.messages(/^Lost the streams connection/, 'warn')).toHaveLength(1);
    // Each connection waits for a time of its own before it comes back.
    await eventually(() =>
      expect(log.messages(/^Reconnected/, 'warn').toSorted()).toEqual([
        expect.stringMatching(/^Reconnected the streams connection to 127.* after [\d.]+ s$/),
        expect.stringMatching(/^Reconnected to 127.* after [\d.]+ s; 2 queues attached$/),
      ]),
    );
    await elsewhere.cast(2);
    expect(await elsewhere.call(1)).toBe(1);
    await streams.addReplica(topic);
    await eventually(() => expect(transport.health().status).toBe('connected'), { within: 30_000 });
    await elsewhere.cast(3);
    await eventually(() => expect(seen).toEqual([1, 2, 3]));
    await proxy.close();
  });

  it.each([
    ['is gone', false],
    ['is another one', true],
  ])('is found to be silent by the regular checks, where its replica %s', async (_name, again) => {
    const topic = await streams.newTopic();
    const elsewhere = streams.client(topic, streams.first.url);
    const { transport, log, seen } = await streams.serve(topic, streams.last.url, { topologyCheckInterval: '300ms' });
    await elsewhere.cast(1);
    await eventually(() => expect(seen).toEqual([1]));
    await streams.removeReplica(topic);
    if (!again) await eventually(() => expect(transport.health().status).toBe('degraded'));
    await streams.addReplica(topic);
    await elsewhere.cast(2);
    await eventually(() => expect(seen).toEqual([1, 2]), { within: 30_000 });
    await eventually(() => expect(transport.health().status).toBe('connected'));
    // The broker may end the connection that read the replica. No other may be lost.
    expect(log.messages(/^Lost the (?!streams )/, 'warn')).toEqual([]);
  });

  it('is read by another host, where there are several', async () => {
    const topic = await streams.newTopic();
    await streams.removeReplica(topic);
    // The first host is chosen at random.
    const proxies = await Promise.all(Array.from({ length: 4 }, () => TcpProxy.start(streams.last.port)));
    const hosts = [...proxies, streams.first].map(({ port }) => `guest:guest@127.0.0.1:${port}`);
    const { transport, seen } = await streams.serve(topic, `rabbit://${hosts.join(',')}/`);
    await eventually(() => expect(transport.health().status).toBe('connected'), { within: 60_000 });
    await streams.client(topic, streams.first.url).cast(1);
    await eventually(() => expect(seen).toEqual([1]));
    expect(transport.counts.lostConnections).toBe(0);
    await streams.cleanUp();
    for (const proxy of proxies) await proxy.close();
  });

  it('fails the start where the user may not read it', async () => {
    const topic = await streams.newTopic();
    await streams.first.rabbitmqctl('add_user', 'deaf', 'deaf');
    await streams.first.rabbitmqctl('set_permissions', 'deaf', '.*', '.*', `^(?!${topic}_fanout$).*`);
    const url = streams.last.url.replace('guest:guest', 'deaf:deaf');
    await expect(streams.serve(topic, url)).rejects.toMatchObject({
      code: 'SERVER_LISTEN',
      message: expect.stringMatching(/ACCESS_REFUSED.*_fanout/),
    });
    await streams.first.rabbitmqctl('delete_user', 'deaf');
  });

  it('does not disturb the queues while the streams of the cluster have no majority', async () => {
    const topic = await streams.newTopic();
    await streams.first.kill();
    const began = performance.now();
    const server = await streams.serve(topic, streams.last.url);
    const { transport, log } = server;
    expect(transport.health().status).toBe('degraded');
    expect(log.messages(WARNING, 'warn')).toEqual([expect.stringMatching(/the broker did not answer within 10000 ms/)]);
    const client = streams.client(topic, streams.last.url);
    // RabbitMQ closes the connection of such a consumer after 30 s.
    for (let n = 0; performance.now() < began + 35_000; n++) {
      expect(await client.call(n)).toBe(n);
      // Other tests need the processor.
      await setTimeout(100);
    }
    expect(transport.health()).toMatchObject({ status: 'degraded', consuming: 'connected' });
    expect(transport.counts).toMatchObject({ lostConnections: 0, cancelledConsumers: 0 });
    expect(log.messages(WARNING, 'warn')).toHaveLength(1);
    await streams.first.restart();
    await streams.whenOnline(topic);
    await eventually(() => expect(transport.health().status).toBe('connected'), { within: 60_000 });
    await streams.sendUntilRead(topic, server);
    // Each once.
    expect(server.seen).toEqual([...new Set(server.seen)]);
  }, 240_000);
});
