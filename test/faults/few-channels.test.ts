import {
  getRpcServer,
  getRpcTransport,
  RPCClient,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWithRabbitControl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { RabbitNode } from '../support/rabbit-node.js';

describeWithRabbitControl('few channels', () => {
  let node: RabbitNode;
  const transports: Transport[] = [];
  const servers: RPCServer[] = [];

  beforeAll(async () => {
    node = await RabbitNode.start({ config: ['channel_max = 8'] });
    await node.rabbitmqctl('add_user', 'few', 'few');
    await node.rabbitmqctl('set_permissions', 'few', '.*', '.*', '.*');
    await node.rabbitmqctl('set_user_limits', 'few', '{"max-channels": 3}');
  });
  afterAll(() => node?.stop());
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    for (const transport of transports.splice(0)) await transport.cleanup();
  });

  function connect(user: string, delivery?: 'at-least-once'): Transport {
    const transportUrl = node.url.replace('guest:guest', `${user}:${user}`);
    const transport = getRpcTransport({
      transportUrl,
      logger: new LogRecorder(),
      rpcResponseTimeout: 25,
      rabbit: { rabbitRetryInterval: '50ms', rabbitIntervalMax: '200ms' },
      ...(delivery && { delivery }),
    });
    transports.push(transport);
    return transport;
  }

  it.each([
    ['channel_max 8', 'guest', 40, undefined],
    ['channel_max 8, each message settled late', 'guest', 12, 'at-least-once'],
    ['a user limit of 3', 'few', 20, undefined],
  ] as const)('suffice: %s', async (_what, user, count, delivery) => {
    const transport = connect(user, delivery);
    const topics = Array.from({ length: count }, (_, n) => `few-${user}-${n}`);
    const listening = topics.map((topic) => {
      const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ topic: () => topic }]);
      servers.push(server);
      return server.start();
    });
    await Promise.all(listening);
    expect(transport.health().consumers.filter(({ attached }) => attached)).toHaveLength(3 * count);
    const client = new RPCClient(connect('guest'), new Target({ topic: `${topics[0]}` }), { timeout: 20 });
    for (const topic of [topics[0], topics.at(-1)] as string[])
      expect(await client.prepare({ topic }).call({}, 'topic')).toBe(topic);
    await eventually(() => expect(transport.health().status).toBe('connected'));
  });
});
