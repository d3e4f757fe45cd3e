import type { ConfirmChannel } from 'amqplib';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  type OsloMessagingOptions,
  type RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbitControl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { silent } from '../support/silent.js';

const SERVERS = 3;
const CALLS = 670 * SERVERS;

describeWithRabbitControl('a publish that the broker refuses, beside many in flight', () => {
  let node: RabbitNode;
  let restricted: string;
  const open: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    node = await borrowNode();
    restricted = node.url.replace('guest:guest', 'restricted:secret');
    await node.rabbitmqctl('eval', 'application:set_env(rabbit, max_message_size, 100000).');
    await node.rabbitmqctl('add_user', 'restricted', 'secret');
    await node.rabbitmqctl('set_permissions', 'restricted', '^(?!forbidden)', '^(?!forbidden)', '.*');
  });
  afterAll(() => returnNode(node));
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  /** Servers of one topic, each on a transport of its own, and how often each request ran. */
  async function serve(topic: string, options: OsloMessagingOptions = {}) {
    const runs = new Map<number, number>();
    const endpoint = {
      run: (_context: unknown, { n }: { n: number }) => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
        return n;
      },
      note: () => undefined,
    };
    const stops: (() => Promise<void>)[] = [];
    for (let n = 0; n < SERVERS; n++) {
      const transport = getRpcTransport({ transportUrl: node.url, logger: silent, ...options });
      const server = getRpcServer(transport, new Target({ topic, server: `s${n}` }), [endpoint]);
      await server.start();
      const stop = () => server.stop();
      stops.push(stop);
      open.push(async () => {
        await stop();
        await transport.cleanup();
      });
    }
    return { runs, stop: () => Promise.all(stops.map((stop) => stop())) };
  }

  function client(topic: string, logger = new LogRecorder()): RPCClient {
    const transport = getRpcTransport({ transportUrl: restricted, logger, rpcResponseTimeout: 20 });
    open.push(() => transport.cleanup());
    return getRpcClient(transport, new Target({ topic }));
  }

  /** Has each kind of refusal happen while the calls are in flight. */
  async function refuseAmong(calling: RPCClient, vanished: string): Promise<{ calls: unknown[]; outcomes: unknown[] }> {
    const fate = (sent: Promise<unknown>) =>
      sent.then(
        () => 'taken',
        (error: unknown) => error,
      );
    const calls: Promise<unknown>[] = [];
    const outcomes: Promise<unknown>[] = [];
    for (let n = 0; n < CALLS; n++) {
      calls.push(calling.call({}, 'run', { n }).catch((error: unknown) => error));
      if (n % 500 !== 250) continue;
      outcomes.push(
        fate(calling.prepare({ topic: vanished, fanout: true }).cast({}, 'note')),
        fate(calling.prepare({ exchange: 'foreign' }).cast({}, 'note')),
        fate(calling.prepare({ exchange: 'forbidden' }).cast({}, 'note')),
        fate(calling.prepare({ exchange: 'internal' }).cast({}, 'note')),
        fate(calling.cast({}, 'note', { text: 'x'.repeat(150_000) })),
      );
      // So that some of the calls are under way, and some are yet to come.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { calls: await Promise.all(calls), outcomes: await Promise.all(outcomes) };
  }

  it.each([
    ['on a new connection', false, {}],
    ['on a new connection, where nothing may run twice', false, { refuseRedelivered: true }],
    ['on one that is in use', true, {}],
    ['on one that is in use, where nothing may run twice', true, { refuseRedelivered: true }],
  ])(
    'runs each call once, and fails only the refused message: %s',
    async (_where, warm, options) => {
      const topic = uniqueTopic('accepted');
      const vanished = uniqueTopic('vanished');
      await withChannel(node.url, async (channel) => {
        await channel.assertExchange('foreign', 'direct');
        await channel.assertExchange('internal', 'topic', { internal: true, durable: false });
      });
      const { runs } = await serve(topic, options);
      const calling = client(topic);
      const others = await serve(vanished);
      if (warm) {
        for (let n = -3; n < 0; n++) await calling.call({}, 'run', { n });
        await calling.prepare({ topic: vanished, fanout: true }).cast({}, 'note');
      }
      await others.stop();
      const { calls, outcomes } = await refuseAmong(calling, vanished);
      expect(calls.filter((result, n) => result !== n)).toEqual([]);
      for (let n = 0; n < CALLS; n++) expect(runs.get(n)).toBe(1);
      for (let at = 0; at < outcomes.length; at += 5) {
        // Its exchange was declared again, and nobody was there, as in Python.
        expect(outcomes[at]).toBe('taken');
        for (const error of outcomes.slice(at + 1, at + 5)) expect(error).toBeInstanceOf(MessageDeliveryFailure);
      }
      expect(String(outcomes[1])).toMatch(/exchange "foreign".*inequivalent arg 'type'/);
      expect(String(outcomes[2])).toMatch(/ACCESS_REFUSED|access to exchange 'forbidden'/);
      expect(String(outcomes[3])).toMatch(/cannot publish to internal exchange 'internal'/);
      expect(String(outcomes[4])).toMatch(/message size \d+ is larger/);
    },
    60_000,
  );

  /** A topic whose queue holds what it may hold, and refuses the rest. */
  async function fullQueue(channel: ConfirmChannel, name: string): Promise<string> {
    const topic = uniqueTopic(name);
    await channel.assertExchange('tacker', 'topic', { durable: false });
    await channel.assertQueue(topic, {
      durable: false,
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    await channel.bindQueue(topic, 'tacker', topic);
    channel.sendToQueue(topic, Buffer.from('filler'));
    await channel.waitForConfirms();
    return topic;
  }

  /** For connections from now on. */
  const allowChannels = (most: number) =>
    node.rabbitmqctl('eval', `application:set_env(rabbit, channel_max, ${most}).`);

  it.each([
    ['one queue', 1, 2047],
    ['more queues than there are channels for', 20, 2047],
    ['one queue, over one channel for all messages', 1, 2],
  ])('does not count a message as published that a queue rejects just before: %s', async (_what, count, channels) => {
    await allowChannels(channels);
    open.push(() => allowChannels(2047));
    const topics: string[] = [];
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange('internal', 'topic', { internal: true, durable: false });
      for (let n = 0; n < count; n++) topics.push(await fullQueue(channel, 'full'));
    });
    for (let round = 0; round < 3; round++) {
      const calling = client('internal');
      const casts = topics.flatMap((topic) => [0, 1].map(() => calling.prepare({ topic, retry: 0 }).cast({}, 'note')));
      casts.push(calling.prepare({ exchange: 'internal', retry: 0 }).cast({}, 'note'));
      const reasons = (await Promise.allSettled(casts)).map((settled) => 'reason' in settled && settled.reason);
      for (const reason of reasons) expect(reason).toBeInstanceOf(MessageDeliveryFailure);
      expect(String(reasons.pop())).toMatch(/cannot publish to internal exchange 'internal'/);
      const why = channels > 2 ? /a queue is full/ : /a queue is full|another message.*may have been delivered/;
      for (const reason of reasons) expect(String(reason)).toMatch(why);
    }
    for (const topic of topics) expect((await queueDepth(node.url, topic))?.messages).toBe(1);
  });

  it('publishes no message twice that was confirmed just before, over one channel for all messages', async () => {
    await allowChannels(2);
    open.push(() => allowChannels(2047));
    const topic = uniqueTopic('taken');
    const { runs } = await serve(topic);
    const unread = uniqueTopic('unread');
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange('internal', 'topic', { internal: true, durable: false });
      await channel.assertQueue(unread, { durable: false });
      await channel.bindQueue(unread, 'tacker', unread);
    });
    for (let round = 0; round < 5; round++) {
      const calling = client(topic);
      await calling.call({}, 'run', { n: -1 - round });
      const cast = calling.prepare({ topic: unread }).cast({}, 'note');
      const call = calling.call({}, 'run', { n: round });
      const refused = calling.prepare({ exchange: 'internal' }).cast({}, 'note');
      await expect(refused).rejects.toThrow(/cannot publish to internal exchange/);
      // It may be confirmed before the channel is closed; if it is not, nobody can tell.
      await cast.catch((error) => expect(String(error)).toMatch(/another message.*may have been delivered/));
      expect(await call).toBe(round);
      expect((await queueDepth(node.url, unread))?.messages).toBe(round + 1);
    }
    expect([...runs.values()]).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('redeclares a fanout exchange that was deleted with its last server, each time', async () => {
    const topic = uniqueTopic('vanishing');
    const calling = client(topic);
    const fanout = calling.prepare({ fanout: true, retry: 0 });
    for (let round = 0; round < 3; round++) {
      await fanout.cast({}, 'note');
      await withChannel(node.url, (channel) => channel.deleteExchange(`${topic}_fanout`));
      await Promise.all(Array.from({ length: 20 }, () => fanout.cast({}, 'note')));
    }
    const { stop } = await serve(topic);
    await calling.call({}, 'run', { n: 1 });
    await stop();
  });

  it('keeps the order of casts that are not awaited', async () => {
    const topic = uniqueTopic('ordered');
    const seen: number[] = [];
    const transport = getRpcTransport({ transportUrl: node.url, logger: silent });
    const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [
      { note: (_context: unknown, { n }: { n: number }) => void seen.push(n) },
    ]);
    await server.start();
    open.push(async () => {
      await server.stop();
      await transport.cleanup();
    });
    const calling = client(topic);
    const casts: Promise<void>[] = [];
    for (let n = 0; n < 300; n++) {
      casts.push(calling.cast({}, 'note', { n }));
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(casts);
    await eventually(() => expect(seen).toHaveLength(300));
    expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => n));
  });
});
