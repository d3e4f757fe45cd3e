import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import { getRpcServer, getRpcTransport, type RabbitOptions, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { queueExists, withChannel } from '../../../testkit/amqp.js';
import { freePort } from '../../../testkit/free-port.js';
import { BrokerInspector } from '../../support/broker-inspector.js';
import { describeWithRabbitControl, rabbitControl, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

/** Returns the times of each round in ascending order: an error names the hosts by their addresses. */
function inRounds(times: readonly string[], hosts: number): string[] {
  const rounds = Array.from({ length: Math.ceil(times.length / hosts) }, (_, round) =>
    times.slice(round * hosts, (round + 1) * hosts),
  );
  return rounds.flatMap((round) => round.toSorted((one, other) => Number(one) - Number(other)));
}

describeWithRabbitControl('options of the RabbitMQ connection', () => {
  const inspector = rabbitControl && new BrokerInspector(rabbitControl);
  const cleanups: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function start(rabbit: RabbitOptions, concurrency = 5) {
    const lines: { at: number; line: string }[] = [];
    const log = (line: string) => void lines.push({ at: performance.now(), line });
    const logger = { debug: log, log, warn: log, error: log };
    const topic = uniqueTopic();
    const transport = getRpcTransport({ transportUrl: rabbitUrl, rabbit, concurrency, logger });
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    await server.start();
    cleanups.push(async () => {
      await server.stop();
      await transport.cleanup();
    });
    const client = new RPCClient(transport, new Target({ topic }));
    expect(await client.call({}, 'who')).toBe('one');
    return { topic, client, lines };
  }

  /** Returns the port of a host that accepts connections, sends the start of a handshake or nothing, and then is silent. */
  async function unfinished(answers: boolean): Promise<number> {
    const host = createServer((socket) => {
      socket.on('error', () => undefined);
      // The head of a frame.
      if (answers) socket.once('data', () => socket.write(Buffer.from([1, 0, 0, 0, 0, 1, 0])));
    }).listen(0, '127.0.0.1');
    cleanups.push(async () => void host.close());
    await once(host, 'listening');
    return (host.address() as AddressInfo).port;
  }

  async function ours() {
    const connections = (await inspector?.connections()) ?? [];
    const name = `nestjs-oslo-messaging:${hostname()}:${process.pid}:`;
    return connections.filter(({ client_properties }) => String(client_properties['connection_name']).startsWith(name));
  }

  it('connectionName: each connection has a name with its purpose', async () => {
    await start({});
    const nameOf = ({ client_properties }: { client_properties: Record<string, unknown> }) =>
      String(client_properties['connection_name']);
    const prefix = `nestjs-oslo-messaging:${hostname()}:${process.pid}`;
    expect((await ours()).map(nameOf).toSorted()).toEqual([`${prefix}:consuming`, `${prefix}:publishing`]);
    const connectionName = uniqueTopic('orders-api');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, connectionName });
    cleanups.push(() => transport.cleanup());
    const topic = uniqueTopic();
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    await server.start();
    cleanups.push(() => server.stop());
    const names = ((await inspector?.connections()) ?? []).map(nameOf);
    expect(names.filter((name) => name.startsWith(connectionName))).toEqual([`${connectionName}:consuming`]);
  });

  it.each([
    ['by default', {}, { auth_mechanism: 'AMQPLAIN', timeout: 60 }],
    ['rabbitLoginMethod', { rabbitLoginMethod: 'PLAIN' as const }, { auth_mechanism: 'PLAIN', timeout: 60 }],
    ['heartbeatTimeoutThreshold', { heartbeatTimeoutThreshold: 7 }, { timeout: 7 }],
    ['heartbeatTimeoutThreshold of 0', { heartbeatTimeoutThreshold: 0 }, { timeout: 0 }],
  ])('%s: the broker sees them on both connections', async (_name, rabbit, expected) => {
    await start(rabbit);
    // Those of the test before are gone soon.
    await eventually(async () => expect(await ours()).toMatchObject([expected, expected]));
  });

  it.each([
    ['concurrency', {}, 5],
    ['rabbitQosPrefetchCount', { rabbitQosPrefetchCount: 2 }, 2],
  ])('%s limits the unacknowledged messages of a server', async (_name, rabbit, prefetch) => {
    const { topic } = await start(rabbit);
    const consumers = ((await inspector?.consumers()) ?? []).filter(({ queue_name }) => queue_name.startsWith(topic));
    expect(consumers).toHaveLength(3);
    for (const one of consumers) expect(one).toMatchObject({ prefetch_count: prefetch, ack_required: true });
  });

  it('enableCancelOnFailover is an argument of the consumers', async () => {
    const { topic } = await start({ enableCancelOnFailover: true });
    const consumers = ((await inspector?.consumers()) ?? []).filter(({ queue_name }) => queue_name.startsWith(topic));
    expect(consumers).toHaveLength(3);
    for (const one of consumers) expect(one).toMatchObject({ arguments: { 'x-cancel-on-ha-failover': true } });
  });

  it('enableCancelOnFailover is none of a quorum queue, which cannot be mirrored', async () => {
    const { topic, lines } = await start({ enableCancelOnFailover: true, rabbitQuorumQueue: true });
    cleanups.push(() =>
      withChannel(rabbitUrl, async (channel) => {
        for (const queue of [topic, `${topic}.one`]) await channel.deleteQueue(queue);
      }),
    );
    const consumers = ((await inspector?.consumers()) ?? []).filter(({ queue_name }) => queue_name.startsWith(topic));
    const mirrorable = consumers.filter(({ arguments: args }) => 'x-cancel-on-ha-failover' in args);
    expect(consumers).toHaveLength(3);
    expect(mirrorable.map(({ queue_name }) => queue_name)).toEqual([expect.stringMatching(/_fanout_/)]);
    expect(lines.filter(({ line }) => /ignores/.test(line))).toEqual([]);
  });

  it.each([
    ['kombuReconnectDelay', { kombuReconnectDelay: '1500ms' }, 1500],
    ['kombuReconnectDelay by default', {}, 200],
  ])('%s is the delay before a deleted queue is consumed again', async (_name, rabbit, delay) => {
    const { topic, client } = await start(rabbit);
    const began = performance.now();
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(`${topic}.one`));
    await eventually(async () => expect(await queueExists(rabbitUrl, `${topic}.one`)).toBe(true));
    expect(performance.now() - began).toBeGreaterThanOrEqual(delay - 20);
    expect(await client.prepare({ server: 'one' }).call({}, 'who')).toBe('one');
  });

  it('kombuMissingConsumerRetryTimeout is the time that a reply waits for its queue', async () => {
    const { topic, lines } = await start({ kombuMissingConsumerRetryTimeout: '700ms' });
    const request = { method: 'who', args: {}, _msg_id: 'm', _reply_q: `reply_${'0'.repeat(32)}` };
    const began = performance.now();
    await withChannel(rabbitUrl, async (channel) => {
      channel.sendToQueue(topic, Buffer.from(JSON.stringify(request)));
      await channel.waitForConfirms();
    });
    const dropped = await eventually(() => {
      return lines.find(({ line }) => line.includes('was dropped')) ?? expect.fail('not yet');
    });
    expect(dropped.line).toMatch(/reply queue "reply_0+" is missing/);
    expect(dropped.at - began).toBeGreaterThanOrEqual(700);
  });

  it.each([
    ['a host answers, but does not finish the login', [true], ['50', '100', '200', '200']],
    ['a host sends nothing', [false], ['50', '50', '50', '50']],
    // Another host is tried first.
    ['the last of two hosts does not finish the login', [true, true], ['50', '50', '50', '100', '50', '200']],
  ])('connectTimeout is doubled, up to four times, only for a broker that is busy: %s', async (_when, hosts, times) => {
    const ports = await Promise.all(hosts.map(unfinished));
    const waits: string[] = [];
    const note = (line: string) => void waits.push(...[...line.matchAll(/within (\d+) ms/g)].map(([, ms]) => ms ?? ''));
    const rabbit = { connectTimeout: '50ms', rabbitRetryInterval: '10ms', rabbitIntervalMax: '10ms' };
    const logger = { debug: note, log: note, warn: note, error: note };
    const transportUrl = `rabbit://${ports.map((port) => `guest:guest@127.0.0.1:${port}`).join()}/`;
    const transport = getRpcTransport({ transportUrl, rabbit, logger });
    cleanups.push(() => transport.cleanup());
    const client = new RPCClient(transport, new Target({ topic: 'nobody' }), { retry: 4 });
    await expect(client.cast({}, 'method')).rejects.toMatchObject({ code: 'DELIVERY_FAILURE' });
    expect(inRounds(waits, hosts.length).slice(0, times.length)).toEqual(times);
  });

  it('rabbitRetryInterval, rabbitRetryBackoff and rabbitIntervalMax set the delays between attempts to connect', async () => {
    const times: number[] = [];
    const note = (line: string) => void (line.includes('ECONNREFUSED') && times.push(performance.now()));
    const rabbit = { rabbitRetryInterval: '400ms', rabbitRetryBackoff: '400ms', rabbitIntervalMax: '800ms' };
    const transportUrl = `rabbit://guest:guest@127.0.0.1:${await freePort()}/`;
    const logger = { debug: note, log: note, warn: note, error: note };
    const transport = getRpcTransport({ transportUrl, rabbit, logger });
    cleanups.push(() => transport.cleanup());
    const client = new RPCClient(transport, new Target({ topic: 'nobody' }), { retry: 3 });
    await expect(client.cast({}, 'method')).rejects.toMatchObject({ code: 'DELIVERY_FAILURE' });
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits).toHaveLength(3);
    // Each is jittered, down to a quarter of its bound.
    for (const [index, least] of [100, 200, 200].entries()) expect(waits[index]).toBeGreaterThanOrEqual(least - 5);
  });
});
