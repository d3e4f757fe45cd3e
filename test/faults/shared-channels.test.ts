import { getRpcClient, getRpcServer, type RPCServer, Target } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { BrokerInspector } from '../support/broker-inspector.js';
import { describeWithRabbitControl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { Side } from '../support/served-topic.js';

const CONSUME_OK = /\x00\x3c\x00\x15/;
const TIMED_OUT = /delivery acknowledgement on channel \d+ timed out/;
/** Queues of a server. */
const QUEUES = 3;
/** Maximum number of channels of a connection. The default of RabbitMQ is 2047, which takes a minute to exceed. */
const MAX_CHANNELS = 256;

describeWithRabbitControl('servers that share a channel', () => {
  let node: RabbitNode;
  let inspector: BrokerInspector;
  let serving: Side;
  let calling: Side;
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    node = await borrowNode();
    await node.rabbitmqctl('eval', `application:set_env(rabbit, channel_max, ${MAX_CHANNELS}).`);
    inspector = new BrokerInspector(node);
  });
  afterAll(() => returnNode(node));
  beforeEach(async () => {
    serving = await open();
    calling = await open();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function open(): Promise<Side> {
    const side = await Side.open({ concurrency: 1, rpcPingEnabled: true, rpcResponseTimeout: 60 }, node.port);
    cleanups.push(() => side.close());
    return side;
  }

  /** A server that notes what it has begun, and holds it until it is told to go on. */
  async function serve(topic: string, side = serving) {
    const begun: unknown[] = [];
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const endpoint = {
      echo: (_ctxt: unknown, { value }: { value: unknown }) => {
        begun.push(value);
        return value;
      },
      hold: async (_ctxt: unknown, { value }: { value: unknown }) => {
        begun.push(value);
        await released;
        return value;
      },
    };
    const server = getRpcServer(side.transport, new Target({ topic, server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(async () => {
      release();
      await server.stop();
    });
    const client = getRpcClient(calling.transport, new Target({ topic }));
    const hold = (value: unknown) => client.call({}, 'hold', { value });
    const echo = (value: unknown) => client.call({}, 'echo', { value });
    return { topic, server, begun, release, client, hold, echo };
  }

  /** Channels of the connection to consume by. */
  async function channels(side: Side): Promise<number | undefined> {
    const ports = new Set(side.proxy.links.map(({ port }) => port));
    const connections = await inspector.connections();
    const ours = connections.filter(({ peer_port }) => ports.has(peer_port));
    return ours.find(({ client_properties }) => /:consuming$/.test(String(client_properties['connection_name'])))
      ?.channels;
  }

  const ready = async (topic: string) => (await queueDepth(node.url, topic))?.messages;
  const consumed = () => serving.got(CONSUME_OK).length;

  /** For how long the broker lets a delivery be held, and how often it looks, both in milliseconds. */
  async function setConsumerTimeout(timeout: number, interval: number): Promise<void> {
    const set = (name: string, value: number) => `application:set_env(rabbit, ${name}, ${value})`;
    await node.rabbitmqctl('eval', `${set('consumer_timeout', timeout)}, ${set('channel_tick_interval', interval)}.`);
  }

  it('use few channels, and none after they are stopped', async () => {
    const servers = await Promise.all(Array.from({ length: 100 }, (_, n) => serve(uniqueTopic(`many-${n}`))));
    expect(await Promise.all(servers.map(({ echo }, n) => echo(n)))).toEqual(servers.map((_, n) => n));
    await eventually(async () => expect(await channels(serving)).toBe(2));
    await Promise.all(servers.map(({ server }) => server.stop()));
    await eventually(async () => expect(await channels(serving)).toBe(0));
  });

  it('may be more than a connection has channels', async () => {
    const topics = Array.from({ length: MAX_CHANNELS + 50 }, (_, n) => uniqueTopic(`many-${n}`));
    const endpoint = { echo: (_ctxt: unknown, { value }: { value: unknown }) => value };
    const servers: RPCServer[] = topics.map((topic) =>
      getRpcServer(serving.transport, new Target({ topic, server: 'one' }), [endpoint]),
    );
    await Promise.all(servers.map((server) => server.start()));
    expect(serving.transport.health()).toMatchObject({ status: 'connected' });
    const client = getRpcClient(calling.transport, new Target({ topic: topics.at(-1) ?? '' }));
    expect(await client.call({}, 'echo', { value: 'last' })).toBe('last');
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('keep the channel when the queue of one is deleted, which loses the requests that it had not begun', async () => {
    const one = await serve(uniqueTopic('one'));
    const other = await serve(uniqueTopic('other'));
    const calls = [one.hold('in work'), other.hold('in work')];
    for (const { begun } of [one, other]) await eventually(() => expect(begun).toEqual(['in work']));
    await one.client.cast({}, 'hold', { value: 'waits' });
    calls.push(other.hold('waits'));
    for (const { topic } of [one, other]) await eventually(async () => expect(await ready(topic)).toBe(0));
    // Begun, delivered, and still in the queue.
    await Promise.all([one, other].map(({ client }) => client.cast({}, 'echo', { value: 'queued' })));
    for (const { topic } of [one, other]) await eventually(async () => expect(await ready(topic)).toBe(1));
    expect(consumed()).toBe(2 * QUEUES);

    await withChannel(node.url, (channel) => channel.deleteQueue(one.topic));
    await eventually(() => expect(serving.transport.health().status).toBe('connecting'));
    await eventually(() => expect(serving.transport.health().status).toBe('connected'));
    expect(consumed()).toBe(3 * QUEUES);
    one.release();
    other.release();
    expect(await Promise.all(calls)).toEqual(['in work', 'in work', 'waits']);
    expect(await one.echo('again')).toBe('again');
    // What was in the deleted queue is gone with it.
    expect(one.begun).toEqual(['in work', 'again']);
    await eventually(() => expect(other.begun).toEqual(['in work', 'waits', 'queued']));
    for (const { topic } of [one, other])
      expect(await queueDepth(node.url, topic)).toEqual({ messages: 0, consumers: 1 });
    expect(consumed()).toBe(3 * QUEUES);
  });

  it('reopen it once for one that may not read its queue, and continue', async () => {
    const forbidden = uniqueTopic('forbidden');
    await node.rabbitmqctl('set_permissions', 'guest', '.*', '.*', '^(?!forbidden-[0-9a-f]+$).*');
    cleanups.unshift(() => node.rabbitmqctl('set_permissions', 'guest', '.*', '.*', '.*'));
    const others = await Promise.all(['one', 'other'].map((name) => serve(uniqueTopic(name))));
    const inWork = others.flatMap(({ hold }) => [hold('in work'), hold('waits')]);
    for (const { begun } of others) await eventually(() => expect(begun).toEqual(['in work']));

    await expect(serve(forbidden)).rejects.toThrow(/ACCESS_REFUSED.*forbidden/);
    await eventually(() => expect(serving.transport.health().status).toBe('connected'));
    // The second refusal was on a channel of its own.
    expect(serving.got(/ACCESS_REFUSED/)).toHaveLength(2);
    expect(consumed()).toBe(2 * 2 * QUEUES);
    for (const { release } of others) release();
    expect(await Promise.all(inWork)).toEqual(['in work', 'waits', 'in work', 'waits']);
    for (const { begun } of others) expect(begun).toEqual(['in work', 'waits']);
  });

  it('reopen it once for one that exceeds the consumer timeout of the broker', async () => {
    await setConsumerTimeout(1000, 100);
    cleanups.unshift(() => setConsumerTimeout(1_800_000, 60_000));
    const slow = await serve(uniqueTopic('slow'));
    const other = await serve(uniqueTopic('other'));
    const calls = [slow.hold('in work'), slow.hold('waits')];
    await eventually(() => expect(slow.begun).toEqual(['in work']));
    expect(await other.echo(1)).toBe(1);

    // First both come back, then the slow one alone, from a channel of its own.
    const events = () => serving.got(new RegExp(`${CONSUME_OK.source}|${TIMED_OUT.source}`));
    await eventually(() => {
      const story = events().map((event) => (TIMED_OUT.test(event) ? '|' : '.'));
      const consumed = story.join('').split('|');
      expect(consumed.slice(0, 3).map(({ length }) => length)).toEqual([2 * QUEUES, 2 * QUEUES, QUEUES]);
    });
    expect(await other.echo(2)).toBe(2);
    const lines = serving.log.messages(/consumer_timeout/, 'warn');
    expect(new Set(lines)).toEqual(
      new Set([
        `The broker closed the channel of "${slow.topic}" and requeued its unacknowledged messages (1), because one was not acknowledged in time (consumer_timeout); consuming again`,
      ]),
    );
    const { cancelledConsumers, revokedMessages } = serving.transport.counts;
    expect(cancelledConsumers).toBeGreaterThanOrEqual(2);
    expect([lines.length, revokedMessages]).toEqual([cancelledConsumers, cancelledConsumers]);
    slow.release();
    expect(await Promise.all(calls)).toEqual(['in work', 'waits']);
    expect(slow.begun).toEqual(['in work', 'waits']);
  });

  it('return their waiting requests as soon as they are stopped, before the channel is closed', async () => {
    const topic = uniqueTopic('handed-on');
    const stopping = await serve(topic);
    const staying = await serve(uniqueTopic('staying'));
    const calls = [stopping.hold('in work'), stopping.hold('waits')];
    await eventually(() => expect(stopping.begun).toEqual(['in work']));
    await eventually(async () => expect(await ready(topic)).toBe(0));
    const taking = await serve(topic, await open());
    taking.release();

    const stopped = stopping.server.stop();
    await eventually(() => expect(taking.begun).toEqual(['waits']));
    expect(await calls[1]).toBe('waits');
    expect(stopping.begun).toEqual(['in work']);
    stopping.release();
    await stopped;
    expect(await calls[0]).toBe('in work');
    expect(await staying.echo('there')).toBe('there');
    // Until the last has left.
    await eventually(async () => expect(await channels(serving)).toBe(1));
    await staying.server.stop();
    await eventually(async () => expect(await channels(serving)).toBe(0));
  });
});
