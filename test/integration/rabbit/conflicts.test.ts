import {
  type DeliveryMode,
  getRpcServer,
  getRpcTransport,
  type RabbitOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const QUORUM = { 'x-queue-type': 'quorum' };

describeWithRabbit('an object that another program declared differently', () => {
  let topic: string;
  let exchange: string;
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    topic = uniqueTopic();
    exchange = uniqueTopic('exchange');
    cleanups.push(() =>
      withChannel(rabbitUrl, async (channel) => {
        for (const queue of [topic, `${topic}.one`]) await channel.deleteQueue(queue);
        for (const name of [exchange, `${topic}_fanout`]) await channel.deleteExchange(name);
      }),
    );
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  function connect(rabbit: RabbitOptions, delivery: DeliveryMode = 'at-most-once') {
    const warnings: string[] = [];
    const ignore = () => undefined;
    const logger = { debug: ignore, log: ignore, error: ignore, warn: (line: string) => void warnings.push(line) };
    const options = { transportUrl: rabbitUrl, rabbit, controlExchange: exchange, logger, rpcResponseTimeout: '30s' };
    const transport = getRpcTransport({ ...options, delivery });
    cleanups.push(() => transport.cleanup());
    const client = new RPCClient(transport, new Target({ topic }));
    return { transport, client, warnings };
  }

  async function serve(rabbit: RabbitOptions, delivery?: DeliveryMode) {
    const { transport, warnings } = connect(rabbit, delivery);
    const seen: unknown[] = [];
    const endpoint = { who: () => 'one', note: (_context: object, args: object) => void seen.push(args) };
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [endpoint]);
    await server.start();
    cleanups.push(() => server.stop());
    return { transport, warnings, seen };
  }

  const declare = (durable: boolean, type = 'topic', autoDelete = false) =>
    withChannel(rabbitUrl, (channel) => channel.assertExchange(exchange, type, { durable, autoDelete }));

  describe.each([
    ['a durable exchange where we want a transient one', true, {}, "'true', not 'false'"],
    ['a transient exchange where we want a durable one', false, { amqpDurableQueues: true }, "'false', not 'true'"],
    ['a transient exchange where we want quorum queues', false, { rabbitQuorumQueue: true }, "'false', not 'true'"],
  ])('%s', (_name, durable, rabbit, values) => {
    it('is used by publishers and consumers, which log that once each', async () => {
      await declare(durable);
      const server = await serve(rabbit);
      const { client, warnings } = connect(rabbit);
      for (let n = 0; n < 3; n++) expect(await client.call({}, 'who')).toBe('one');
      await client.prepare({ server: 'one' }).cast({}, 'note', { n: 1 });
      await eventually(() => expect(server.seen).toEqual([{ n: 1 }]));
      for (const lines of [server.warnings, warnings]) {
        expect(lines).toEqual([expect.stringContaining(`exchange "${exchange}"`)]);
        expect(lines[0]).toContain(`durable is ${values}`);
        expect(lines[0]).toContain('used as it is');
      }
    });
  });

  it.each([{ rabbitQuorumQueue: true }, { amqpDurableQueues: true }])(
    'is refused if it is transient in at-least-once mode, with %o',
    async (rabbit) => {
      await declare(false);
      await expect(serve(rabbit, 'at-least-once')).rejects.toThrow(
        new RegExp(`exchange "${exchange}" exists and is transient.*at least once`),
      );
    },
  );

  it('makes our queues transient like the exchange, and shareable with a Python server', async () => {
    await declare(false);
    await serve({ amqpDurableQueues: true });
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, { durable: false }));
  });

  it('leaves the queues of one process durable', async () => {
    await declare(false);
    const fanout = `${topic}_fanout`;
    await withChannel(rabbitUrl, (channel) =>
      channel.assertExchange(fanout, 'fanout', { durable: false, autoDelete: true }),
    );
    const { transport } = await serve({ profile: 'rabbitmq-4' });
    const own = transport.health().consumers.find(({ queue }) => queue.startsWith(fanout)) ?? expect.fail();
    const kept = { durable: true, arguments: { 'x-queue-type': 'classic', 'x-expires': 1_800_000 } };
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(own.queue, kept));
  });

  it('leaves quorum queues durable', async () => {
    await declare(false);
    await serve({ rabbitQuorumQueue: true });
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, { durable: true, arguments: QUORUM }));
  });

  it('may be an auto-delete exchange', async () => {
    await declare(false, 'topic', true);
    const { warnings } = await serve({});
    expect(await connect({}).client.call({}, 'who')).toBe('one');
    expect(warnings).toEqual([expect.stringContaining("auto_delete is 'true', not 'false'")]);
  });

  it.each([
    ['a classic queue where we want a quorum queue', {}, { rabbitQuorumQueue: true }],
    ['a quorum queue where we want a classic one', QUORUM, { amqpDurableQueues: true }],
    ['a queue with a limit of its own', { 'x-max-length': 1000 }, { amqpDurableQueues: true }],
  ])('may be %s', async (_name, args, rabbit) => {
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, { durable: true, arguments: args }));
    const { warnings } = await serve(rabbit);
    expect(await connect(rabbit).client.call({}, 'who')).toBe('one');
    expect(warnings).toEqual([expect.stringContaining(`queue "${topic}"`)]);
  });

  it('may be a transient fanout exchange under rabbitTransientQuorumQueue: the cast does not hang', async () => {
    const options = { durable: false, autoDelete: true };
    const keeper = uniqueTopic('keeper');
    cleanups.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(keeper)));
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertExchange(`${topic}_fanout`, 'fanout', options);
      // It would go with its first queue otherwise.
      await channel.assertQueue(keeper, { durable: false });
      await channel.bindQueue(keeper, `${topic}_fanout`, '');
    });
    const { client, warnings } = connect({ rabbitTransientQuorumQueue: true });
    const began = performance.now();
    await client.prepare({ fanout: true }).cast({}, 'note', { n: 1 });
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(warnings).toEqual([expect.stringContaining(`exchange "${topic}_fanout"`)]);
    const server = await serve({ rabbitTransientQuorumQueue: true });
    await client.prepare({ fanout: true }).cast({}, 'note', { n: 2 });
    await eventually(() => expect(server.seen).toEqual([{ n: 2 }]));
  });

  it('is declared with our options after its deletion', async () => {
    await declare(false);
    const { client, warnings } = connect({ amqpDurableQueues: true });
    await client.cast({}, 'note', { n: 1 });
    expect(warnings).toHaveLength(1);
    await withChannel(rabbitUrl, (channel) => channel.deleteExchange(exchange));
    await client.cast({}, 'note', { n: 2 });
    await withChannel(rabbitUrl, (channel) => channel.assertExchange(exchange, 'topic', { durable: true }));
  });

  it('is refused if it is a stream, even with other differences', async () => {
    await withChannel(rabbitUrl, (channel) =>
      channel.assertQueue(topic, { durable: true, arguments: { 'x-queue-type': 'stream' } }),
    );
    const { transport, warnings } = connect({});
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    const message = expect.stringMatching(/cannot be declared.*'x-queue-type'.*stream/);
    await expect(server.start()).rejects.toMatchObject({ code: 'SERVER_LISTEN', message });
    expect(warnings).toEqual([]);
  });

  it('is logged in one line with all differences', async () => {
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(topic, { durable: true, arguments: QUORUM }));
    const { warnings } = await serve({});
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/durable is 'true', not 'false'; x-queue-type is .*'quorum'.*, not .*\. It is used/);
    expect(warnings[0]).toContain('rabbit_quorum_queue) to true');
  });

  it.each(['direct', 'fanout'])('is refused at once if it is a %s exchange', async (type) => {
    await declare(false, type);
    const { client, transport } = connect({});
    const began = performance.now();
    const refusal = {
      code: 'DELIVERY_FAILURE',
      message: expect.stringMatching(/exchange.*cannot be declared.*'type'/),
    };
    await expect(client.cast({}, 'note', {})).rejects.toMatchObject(refusal);
    await expect(client.call({}, 'who')).rejects.toMatchObject({ ...refusal, method: 'who' });
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
    await expect(server.start()).rejects.toMatchObject({
      code: 'SERVER_LISTEN',
      message: expect.stringMatching(/cannot be declared.*'type'/),
    });
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
