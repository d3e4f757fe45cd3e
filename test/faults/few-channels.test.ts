import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  RPCClient,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbitControl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

describeWithRabbitControl('few channels', () => {
  let node: RabbitNode;
  const transports: Transport[] = [];
  const servers: RPCServer[] = [];

  beforeAll(async () => {
    node = await borrowNode();
    await allowChannels(8);
    await node.rabbitmqctl('add_user', 'few', 'few');
    await node.rabbitmqctl('set_permissions', 'few', '^(?!forbidden)', '.*', '.*');
    await node.rabbitmqctl('set_user_limits', 'few', '{"max-channels": 3}');
    for (const most of [1, 2]) {
      await node.rabbitmqctl('add_user', `only-${most}`, `only-${most}`);
      await node.rabbitmqctl('set_permissions', `only-${most}`, '.*', '.*', '.*');
      await node.rabbitmqctl('set_user_limits', `only-${most}`, `{"max-channels": ${most}}`);
    }
  });
  afterAll(() => returnNode(node));
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const transport of transports.splice(0)) await transport.cleanup();
  });

  function connect(user: string, delivery?: 'at-least-once', get = getRpcTransport): Transport {
    const transportUrl = node.url.replace('guest:guest', `${user}:${user}`);
    const transport = get({
      transportUrl,
      logger: new LogRecorder(),
      rpcResponseTimeout: 50,
      rabbit: { rabbitRetryInterval: '50ms', rabbitIntervalMax: '200ms' },
      ...(delivery && { delivery }),
    });
    transports.push(transport);
    return transport;
  }

  /** For connections from now on. */
  const allowChannels = (most: number) =>
    node.rabbitmqctl('eval', `application:set_env(rabbit, channel_max, ${most}).`);

  it.each([
    ['channel_max 8', 'guest', 40, undefined],
    ['channel_max 8, each message settled late', 'guest', 12, 'at-least-once'],
    ['a user limit of 3', 'few', 20, undefined],
  ] as const)('are enough: %s', async (_what, user, count, delivery) => {
    const transport = connect(user, delivery);
    const topics = Array.from({ length: count }, (_, n) => `few-${user}-${n}`);
    const listening = topics.map((topic) => {
      const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ topic: () => topic }]);
      servers.push(server);
      return server.start();
    });
    await Promise.all(listening);
    expect(transport.health().consumers.filter(({ attached }) => attached)).toHaveLength(3 * count);
    const client = new RPCClient(connect('guest'), new Target({ topic: `${topics[0]}` }), { timeout: 40 });
    for (const topic of [topics[0], topics.at(-1)] as string[])
      expect(await client.prepare({ topic }).call({}, 'topic')).toBe(topic);
    await eventually(() => expect(transport.health().status).toBe('connected'));
    if (user !== 'few') return;
    // What is refused now is not taken for the limit, which a connection may have been lost for.
    const refused = getRpcServer(transport, new Target({ topic: 'forbidden', server: 'one' }), [{ run: () => 'run' }]);
    servers.push(refused);
    await expect(refused.start()).rejects.toThrow(/ACCESS_REFUSED/);
  });

  it.each([1, 2, 3])('are enough to serve and to call by one transport: a user limit of 3 (%i)', async (round) => {
    const topics = ['both-a', 'both-b', 'both-c'].map((topic) => `${topic}-${round}`);
    const transport = connect('few');
    await Promise.all(
      topics.map((topic) => {
        const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ topic: () => topic }]);
        servers.push(server);
        return server.start();
      }),
    );
    const client = new RPCClient(transport, new Target({ topic: `${topics[0]}` }), { timeout: 20 });
    expect(await client.call({}, 'topic')).toBe(topics[0]);
    const calls = topics.map((topic) => client.prepare({ topic }).call({}, 'topic'));
    const casts = topics.map((topic) => client.prepare({ topic, fanout: true }).cast({}, 'topic'));
    expect(await Promise.all(calls)).toEqual(topics);
    await Promise.all(casts);
    // The limit is learned by a loss of each connection at most, at the first call or later, and kept from then on.
    expect(transport.counts.lostConnections).toBeLessThanOrEqual(2);
  });

  // The broker counts a channel a moment after it has opened it, and may grant one too many before.
  it('are too few to serve: a user limit of 1', async () => {
    const transport = connect('only-1');
    await eventually(async () => {
      const target = new Target({ topic: uniqueTopic('fewer'), server: 'one' });
      const server = getRpcServer(transport, target, [{ run: () => 'run' }]);
      servers.push(server);
      await expect(server.start()).rejects.toThrow(shortageOf(1));
    });
  });

  it.each([1, 2])('are too few to call: a user limit of %i', async (most) => {
    const client = new RPCClient(connect(`only-${most}`), new Target({ topic: 'fewer' }), { timeout: 20 });
    await eventually(async () => {
      // Another exchange is declared on a channel of its own, beside those to publish and to consume replies.
      const call = client.prepare({ exchange: uniqueTopic('fewer') }).call({}, 'run');
      await expect(call).rejects.toThrow(shortageOf(most));
    });
  });

  it('are enough to declare many queues at once: a user limit of 3', async () => {
    const transport = connect('few', undefined, getNotificationTransport);
    const topics = Array.from({ length: 40 }, (_, n) => `few-notified-${n}`);
    const notifying = topics.map((topic) =>
      new Notifier(transport, { driver: 'messagingv2', topics: [topic], retry: -1 }).info({}, 'event', {}),
    );
    await Promise.all(notifying);
    expect(transport.counts.lostConnections).toBeLessThan(5);
    expect(transport.health().pendingPublishes).toBe(0);
  });

  it.each([2, 3])('are enough to publish messages of all kinds: channel_max %i', async (most) => {
    const topics = ['published-a', 'published-b', 'published-c'];
    const serving = connect('guest');
    for (const topic of topics) {
      const server = getRpcServer(serving, new Target({ topic, server: 'one' }), [{ topic: () => topic }]);
      servers.push(server);
      await server.start();
    }
    await allowChannels(most);
    const client = new RPCClient(connect('guest'), new Target({ topic: 'published-a' }), { timeout: 40 });
    for (const topic of topics) {
      expect(await client.prepare({ topic }).call({}, 'topic')).toBe(topic);
      await client.prepare({ topic, fanout: true, retry: 0 }).cast({}, 'topic');
    }
    for (const topic of topics) {
      expect(await client.prepare({ topic }).call({}, 'topic')).toBe(topic);
    }
  });
});

function shortageOf(limit: number): string {
  return `may open ${limit} channels (max-channels), and a transport that serves or calls needs 3: raise the limit`;
}
