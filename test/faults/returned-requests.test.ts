import { randomUUID } from 'node:crypto';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import {
  describeWithRabbit,
  describeWithRabbitControl,
  rabbitPort,
  rabbitUrl,
  uniqueTopic,
} from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const open: (() => Promise<unknown>)[] = [];

/** The usual exchange is transient here, and durable queues on it would not do. */
const durable = uniqueTopic('durable');

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

afterAll(async () => {
  if (rabbitUrl) await withChannel(rabbitUrl, (channel) => channel.deleteExchange(durable));
});

async function serve(
  endpoint: object,
  topic: string,
  server: string,
  options: OsloMessagingOptions,
): Promise<{ transport: Transport; server: RPCServer }> {
  const transport = getRpcTransport({
    transportUrl: rabbitUrl,
    delivery: 'at-least-once',
    drainTimeout: 0.1,
    logger: silent,
    ...options,
  });
  const running = getRpcServer(transport, new Target({ topic, server }), [endpoint]);
  await running.start();
  open.push(async () => {
    await running.stop();
    await transport.cleanup();
  });
  return { transport, server: running };
}

describeWithRabbit('a request on a classic queue that kills its servers', () => {
  const EXCHANGE = uniqueTopic('dead-letters');

  it.each([undefined, EXCHANGE])(
    'is dead-lettered by a count that is kept in the broker, dead-letter exchange: %s',
    async (exchange) => {
      const topic = uniqueTopic('poison');
      const ran: string[] = [];
      const options: OsloMessagingOptions = {
        limits: { deliveries: 2 },
        controlExchange: durable,
        rabbit: { amqpDurableQueues: true, ...(exchange && { deadLetterExchange: exchange }) },
      };
      open.push(() =>
        withChannel(rabbitUrl, async (channel) => {
          for (const queue of ['', '.first', '.second', '.heir', '.dead']) await channel.deleteQueue(topic + queue);
          if (exchange) await channel.deleteExchange(exchange);
        }),
      );

      /** Runs the request, and is gone in the middle of it. */
      const die = async (server: string) => {
        const proxy = await TcpProxy.start(rabbitPort);
        open.push(() => proxy.close());
        let release: () => void = () => undefined;
        const released = new Promise<void>((resolve) => {
          release = resolve;
        });
        open.push(async () => release());
        const endpoint = {
          poison: () => {
            ran.push(server);
            return released;
          },
        };
        const transportUrl = rabbitUrl.replace(/:\d+\//, `:${proxy.port}/`);
        await serve(endpoint, topic, server, { ...options, transportUrl });
        return async () => {
          await eventually(() => expect(ran).toContain(server), { within: 10_000 });
          await proxy.refuse();
          proxy.cut();
        };
      };

      const first = await die('first');
      const calling = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, ...options });
      open.push(() => calling.cleanup());
      const client = getRpcClient(calling, new Target({ topic }));
      await client.cast({}, 'poison', { id: 1 });
      await first();
      await (await die('second'))();
      const logger = new LogRecorder();
      const { transport } = await serve(
        { poison: () => void ran.push('heir'), sound: () => 'answered' },
        topic,
        'heir',
        { ...options, logger },
      );
      await eventually(
        async () => expect(await queueDepth(rabbitUrl, `${topic}.dead`)).toMatchObject({ messages: 1 }),
        {
          within: 10_000,
        },
      );
      expect(ran).toEqual(['first', 'second']);
      expect(await client.call({}, 'sound')).toBe('answered');
      expect(transport.counts.deadLettered).toBe(1);
      const kept = await withChannel(rabbitUrl, (channel) => channel.get(`${topic}.dead`, { noAck: true }));
      if (!kept) throw new Error('nothing was kept');
      expect(kept.fields).toMatchObject({ exchange: exchange ?? '', routingKey: exchange ? topic : `${topic}.dead` });
      expect(kept.properties.headers).toEqual({
        'x-reason': 'returned 2 times without an acknowledgement',
        'x-original-queue': topic,
        'x-deliveries': 3,
        'x-time': expect.any(String),
      });
      await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 0 }));
    },
  );

  it('keeps its body and its remaining time when it is counted', async () => {
    const topic = uniqueTopic('counted');
    const { server } = await serve({ wait: () => new Promise(() => undefined) }, topic, 'a', {});
    const body = Buffer.from(JSON.stringify({ method: 'wait', args: { text: 'ä' }, _unique_id: randomUUID() }));
    await withChannel(rabbitUrl, async (channel) => {
      channel.sendToQueue(topic, body, { expiration: 60_000 });
      await eventually(async () => expect((await channel.checkQueue(topic)).messageCount).toBe(0));
      await server.stop();
      await eventually(async () => expect((await channel.checkQueue(topic)).messageCount).toBe(1));
      let isCounted = false;
      const wait = () => {
        // It runs when it is delivered with its count.
        isCounted = true;
        return new Promise(() => undefined);
      };
      await serve({ wait }, topic, 'b', {});
      await eventually(() => expect(isCounted).toBe(true));
      for (const close of open.splice(0).reverse()) await close();
      const message = await eventually(async () => {
        const found = await channel.get(topic, { noAck: true });
        if (!found) throw new Error('it is not back yet');
        return found;
      });
      expect(message.content.equals(body)).toBe(true);
      expect(message.properties.headers).toEqual({ 'x-returns': 1 });
      expect(message.properties.expiration).toMatch(/^\d+$/);
      expect(Number(message.properties.expiration)).toBeLessThanOrEqual(60_000);
      expect(Number(message.properties.expiration)).toBeGreaterThan(30_000);
      for (const queue of ['', '.a', '.b']) await channel.deleteQueue(topic + queue);
    });
  });
});

describeWithRabbit('delivery at least once from transient queues', () => {
  const warnings = async (options: OsloMessagingOptions) => {
    const logger = new LogRecorder();
    const { transport } = await serve({}, uniqueTopic('transient'), 'a', { ...options, logger });
    const another = getRpcServer(transport, new Target({ topic: uniqueTopic('transient'), server: 'a' }), [{}]);
    await another.start();
    await another.stop();
    return logger.messages(/at least once, .* rabbit\.rabbitQuorumQueue/, 'warn').length;
  };

  it('logs one warning, at the start', async () => {
    expect(await warnings({})).toBe(1);
    const transient = { amqpDurableQueues: true, amqpAutoDelete: true };
    expect(await warnings({ controlExchange: uniqueTopic('exchange'), rabbit: transient })).toBe(1);
  });

  it('logs no warning with durable queues, or in at-most-once mode', async () => {
    expect(await warnings({ controlExchange: durable, rabbit: { amqpDurableQueues: true } })).toBe(0);
    expect(await warnings({ delivery: 'at-most-once' })).toBe(0);
    expect(await warnings({ transportUrl: 'memory://' })).toBe(0);
  });
});

describeWithRabbitControl('a handler that takes longer than the broker waits for an acknowledgement', () => {
  it('runs once, and its caller gets the answer', async () => {
    const node = await borrowNode();
    open.push(() => returnNode(node));
    // In milliseconds; channels look at them when they open.
    for (const [name, value] of Object.entries({ consumer_timeout: 1000, channel_tick_interval: 500 })) {
      await node.rabbitmqctl('eval', `application:set_env(rabbit, ${name}, ${value}).`);
    }
    const topic = uniqueTopic('long');
    const logger = new LogRecorder();
    let ran = 0;
    let finish: () => void = () => undefined;
    const endpoint = {
      long: async () => {
        ran++;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return 'done';
      },
      quick: () => 'quick',
    };
    const { transport } = await serve(endpoint, topic, 'a', { transportUrl: node.url, logger, rpcResponseTimeout: 30 });
    const client = getRpcClient(transport, new Target({ topic }));
    const call = client.call({}, 'long');
    // The channel is closed, and the request comes again.
    await eventually(() => expect(transport.counts.duplicates).toBeGreaterThan(0), { within: 20_000 });
    expect(await client.call({}, 'quick')).toBe('quick');
    finish();
    expect(await call).toBe('done');
    expect(ran).toBe(1);
    await eventually(async () => expect(await queueDepth(node.url, topic)).toMatchObject({ messages: 0 }));
  }, 60_000);
});

describe('the duplicate window', () => {
  it('is an option', async () => {
    const transport = getRpcTransport({ transportUrl: 'memory://', limits: { duplicateTtl: '5m' }, logger: silent });
    expect(transport.settings.limits.duplicateTtl).toBe(300_000);
    await transport.cleanup();
    expect(() => getRpcTransport({ limits: { duplicateTtl: 'for ever' } })).toThrow(/limits\.duplicateTtl/);
  });
});
