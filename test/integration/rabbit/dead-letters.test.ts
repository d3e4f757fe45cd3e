import { randomUUID } from 'node:crypto';
import { connect, type GetMessage, type Options } from 'amqplib';
import {
  type Endpoint,
  getNotificationListener,
  getNotificationTransport,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { amqpUrl, queueDepth, withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { Side } from '../../support/served-topic.js';

/** Headers of a message that has come back often, as a sender may write them, or a tool that moves messages keep them. */
const OFTEN = { 'x-delivery-count': 20, 'x-returns': 20, 'x-acquired-count': 20 };
const CLASSIC: OsloMessagingOptions = {};
const QUORUM: OsloMessagingOptions = { rabbit: { rabbitQuorumQueue: true } };
const CHANNEL_OPEN = /\x00\x14\x00\x0a/;

describeWithRabbit('a message that is returned too often', () => {
  const open: (() => Promise<unknown>)[] = [];
  const log = new LogRecorder();
  /** The usual exchange is transient here, and quorum queues need a durable one. */
  let controlExchange: string;
  let topic: string;
  let ran: unknown[];

  function begin(): void {
    topic = uniqueTopic('dead');
    controlExchange = uniqueTopic('exchange');
    ran = [];
    open.push(() =>
      withChannel(rabbitUrl, async (channel) => {
        const queues = [topic, `${topic}.s`, `${topic}.info`].flatMap((queue) => [queue, `${queue}.dead`]);
        for (const queue of queues.filter((name) => name.length < 256)) await channel.deleteQueue(queue);
        await channel.deleteExchange(controlExchange);
      }),
    );
  }

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    log.clear();
  });

  async function serve(options: OsloMessagingOptions) {
    const transport = getRpcTransport({
      transportUrl: rabbitUrl,
      delivery: 'at-least-once',
      controlExchange,
      logger: log,
      ...options,
    });
    const endpoint: Endpoint = { work: (_ctxt: unknown, { value }: { value: unknown }) => void ran.push(value) };
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [endpoint]);
    const stop = async () => {
      await server.stop();
      await transport.cleanup();
    };
    open.push(stop);
    await server.start();
    return { transport, stop };
  }

  const request = (value: unknown, uniqueId = randomUUID()) =>
    Buffer.from(JSON.stringify({ method: 'work', args: { value }, _unique_id: uniqueId }));

  async function send(queue: string, body: Buffer, ...headers: Options.Publish['headers'][]): Promise<void> {
    await withChannel(rabbitUrl, async (channel) => {
      for (const each of headers) channel.sendToQueue(queue, body, { headers: each });
      await channel.waitForConfirms();
    });
  }

  /** The broker delivers it to somebody who dies with it. */
  async function returnOnce(queue: string): Promise<void> {
    const connection = await connect(amqpUrl(rabbitUrl));
    const channel = await connection.createChannel();
    const taken = await eventually(async () => {
      const message = await channel.get(queue);
      expect(message).not.toBe(false);
      return message;
    });
    expect(taken).toBeTruthy();
    await connection.close();
    await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ messages: 1 }));
  }

  const kept = (queue: string, messages: number) =>
    eventually(async () => expect(await queueDepth(rabbitUrl, `${queue}.dead`)).toMatchObject({ messages }), {
      within: 10_000,
    });

  /** By an operator's tool, with all that the message has. @returns its headers */
  function moveBack(queue: string, more: Options.Publish['headers'] = {}) {
    return withChannel(rabbitUrl, async (channel) => {
      const message = await channel.get(`${queue}.dead`, { noAck: true });
      if (!message) throw new Error('nothing was kept');
      const headers = { ...message.properties.headers, ...more };
      channel.sendToQueue(queue, message.content, { ...message.properties, headers });
      await channel.waitForConfirms();
      return headers;
    });
  }

  it.each([
    ['a classic queue', CLASSIC],
    ['a quorum queue', QUORUM],
  ])('is processed when it is moved back: a dead request of %s', async (_name, options) => {
    begin();
    await serve({ ...options, limits: { deliveries: 3 } });
    await send(topic, request('again'), { 'x-returns': 7 });
    await kept(topic, 1);
    expect(ran).toEqual([]);
    expect(await moveBack(topic, OFTEN)).toMatchObject({ 'x-deliveries': 8 });
    await eventually(() => expect(ran).toEqual(['again']));
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 0 }));
    expect(await queueDepth(rabbitUrl, `${topic}.dead`)).toMatchObject({ messages: 0 });
    expect(log.messages(/duplicate/)).toEqual([]);
  });

  it.each([
    ['a classic queue', CLASSIC],
    ['a quorum queue', QUORUM],
  ])('is processed when it is moved back: a dead notification of %s', async (_name, options) => {
    begin();
    const queue = `${topic}.info`;
    let mended = false;
    const transport = getNotificationTransport({
      transportUrl: rabbitUrl,
      controlExchange,
      logger: log,
      limits: { deliveries: 2 },
      ...options,
    });
    open.push(() => transport.cleanup());
    const info = (_ctxt: unknown, _publisher: string, _type: string, payload: unknown) => {
      ran.push(payload);
      if (!mended) throw new Error('not yet');
    };
    const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }], { allowRequeue: true });
    open.push(() => listener.stop());
    await listener.start();
    const body = Buffer.from(JSON.stringify({ priority: 'INFO', payload: 1, _unique_id: randomUUID() }));
    // What a sender writes there counts for nothing.
    await send(queue, body, { 'x-delivery-count': 20, 'x-acquired-count': 20 });
    await kept(queue, 1);
    expect(ran).toEqual([1, 1]);
    mended = true;
    await moveBack(queue, OFTEN);
    await eventually(() => expect(ran).toEqual([1, 1, 1]));
    await eventually(async () => expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ messages: 0 }));
    expect(transport.counts.deadLettered).toBe(1);
  });

  it('is counted on a classic queue, despite a count that its sender wrote', async () => {
    begin();
    await (await serve(CLASSIC)).stop();
    await send(topic, request('deadly'), { 'x-delivery-count': 0 });
    await returnOnce(topic);
    await serve({ limits: { deliveries: 1 } });
    await kept(topic, 1);
    expect(ran).toEqual([]);
  });

  it('uses the largest of its counts on a queue that counts', async () => {
    begin();
    await (await serve(QUORUM)).stop();
    await send(topic, request('moved here'), { 'x-returns': 7 });
    await returnOnce(topic);
    await serve({ ...QUORUM, limits: { deliveries: 3 } });
    await kept(topic, 1);
    expect(ran).toEqual([]);
  });

  it.each([
    ['a classic queue', CLASSIC],
    ['a quorum queue', QUORUM],
  ])('does not include a message with forged counts, on %s', async (_name, options) => {
    begin();
    await serve({ ...options, limits: { deliveries: 3 } });
    const forged = [{ 'x-delivery-count': 99 }, { 'x-acquired-count': 99 }, { 'x-returns': -5 }, { 'x-returns': 'x' }];
    for (const headers of forged) await send(topic, request(headers), headers);
    await eventually(() => expect(ran).toHaveLength(forged.length));
  });

  /** Headers that are nothing to this library, and some that must not be published again. */
  const foreign = { traceparent: '00-1-2-01', tenant: { id: 2 ** 40, tags: ['a', null, true] } };

  it('keeps its headers, within bounds, as a dead letter', async () => {
    begin();
    const copied = uniqueTopic('copied');
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(copied, { durable: false }));
    open.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(copied)));
    await serve({ limits: { deliveries: 3 } });
    const others = { padding: 'x'.repeat(20_000), CC: [copied], 'x-published-again': 1, 'x-reason': 'forged' };
    await send(topic, request('foreign'), { ...foreign, ...others, 'x-returns': 7 });
    await kept(topic, 1);
    const message = await withChannel(rabbitUrl, (channel) => channel.get(`${topic}.dead`, { noAck: true }));
    expect((message as GetMessage).properties.headers).toEqual({
      ...foreign,
      'x-reason': expect.stringContaining('returned 7 times'),
      'x-original-queue': topic,
      'x-deliveries': 8,
      'x-time': expect.any(String),
    });
    // One by its sender, none by us.
    expect(await queueDepth(rabbitUrl, copied)).toMatchObject({ messages: 1 });
  });

  it('keeps its headers when it is published again with its count', async () => {
    begin();
    await (await serve(CLASSIC)).stop();
    await send(topic, request('foreign'), { ...foreign, 'x-deadline': 2 ** 41 });
    await returnOnce(topic);
    const side = await Side.open();
    open.push(() => side.close());
    await serve({ transportUrl: side.proxy.url });
    await eventually(() => expect(ran).toEqual(['foreign']));
    expect(side.sent(/x-returns.{9}\x0btraceparentS.{4}00-1-2-01\x06tenantF/s)).toHaveLength(1);
  });

  it('is kept with any headers, and closes no channel', async () => {
    begin();
    const queue = `${topic}.info`;
    const side = await Side.open();
    open.push(() => side.close());
    const listening = getNotificationTransport({ transportUrl: side.proxy.url, controlExchange, logger: log });
    open.push(() => listening.cleanup());
    const info = (_ctxt: unknown, _publisher: string, _type: string, payload: unknown) => void ran.push(payload);
    const listener = getNotificationListener(listening, [new Target({ topic })], [{ info }]);
    open.push(() => listener.stop());
    await listener.start();
    const hostile: Options.Publish['headers'][] = [
      { compression: 'x'.repeat(60_000) },
      { compression: '\u{10ffff}'.repeat(15_000) },
      { compression: 'application/x-bz2', 'x-delivery-count': { '!': 'int64', value: 2n ** 63n - 1n } },
      { 'x-returns': { '!': 'int64', value: 2n ** 63n - 1n } },
      { 'x-returns': { '!': 'int64', value: -(2n ** 63n) } },
    ];
    await send(queue, Buffer.from('?'), ...hostile, ...hostile, ...hostile, ...hostile);
    await send(queue, Buffer.from(JSON.stringify({ priority: 'INFO', payload: 'good' })), {});
    await eventually(() => expect(ran).toEqual(['good']));
    await kept(queue, 4 * hostile.length);
    expect(log.messages(/Could not dead-letter/)).toEqual([]);
    expect(side.sent(CHANNEL_OPEN).length).toBeLessThan(10);
  });

  it('stays unacknowledged while it cannot be dead-lettered, and is not returned to a broker that would drop it', async () => {
    begin();
    const queue = `${topic}.info`;
    const rabbit = { rabbitQuorumQueue: true, rabbitQuorumDeliveryLimit: 1 };
    const transport = getNotificationTransport({ transportUrl: rabbitUrl, controlExchange, logger: log, rabbit });
    open.push(() => transport.cleanup());
    await withChannel(rabbitUrl, async (channel) => {
      const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
      await channel.assertQueue(`${queue}.dead`, { durable: true, arguments: full });
      channel.sendToQueue(`${queue}.dead`, Buffer.from('filler'));
      await channel.waitForConfirms();
    });
    const info = () => {
      ran.push(1);
      throw new Error('never');
    };
    const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }], { allowRequeue: true });
    open.push(() => listener.stop());
    await listener.start();
    const body = JSON.stringify({ priority: 'INFO', payload: 1, _unique_id: randomUUID() });
    await send(queue, Buffer.from(body), {});
    await eventually(() => expect(log.messages(/Could not dead-letter/)).toHaveLength(2), { within: 10_000 });
    await withChannel(rabbitUrl, async (channel) => {
      await channel.purgeQueue(`${queue}.dead`);
    });
    await eventually(() => expect(transport.counts.deadLettered).toBe(1), { within: 10_000 });
    await kept(queue, 1);
    expect(ran).toEqual([1]);
  });

  it('is kept if the name of its queue is too long for a suffix', async () => {
    begin();
    topic = `${topic}-${'n'.repeat(250 - topic.length - 1)}`;
    const queue = `${topic}.info`;
    const transport = getNotificationTransport({ transportUrl: rabbitUrl, controlExchange, logger: log });
    open.push(() => transport.cleanup());
    const listener = getNotificationListener(transport, [new Target({ topic })], [{ info: () => undefined }]);
    open.push(() => listener.stop());
    await listener.start();
    await send(queue, Buffer.from('?'), {});
    await eventually(() => expect(transport.counts.deadLettered).toBe(1));
    const [line = ''] = log.messages(/^Dead-lettered/);
    const [, name = ''] = / \(in "(.+\.dead)"\)/.exec(line) ?? [];
    expect(await queueDepth(rabbitUrl, name)).toMatchObject({ messages: 1 });
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(name));
  });
});

describeWithRabbit('a name that is longer than AMQP allows', () => {
  const long = `t-${'é'.repeat(130)}`;

  it('is refused at once, and closes no channel', async () => {
    const side = await Side.open();
    try {
      const client = getRpcClient(side.transport, new Target({ topic: long }));
      const exchange = getRpcClient(side.transport, new Target({ topic: 't', exchange: long }));
      for (let time = 0; time < 5; time++) {
        await expect(client.call({}, 'work')).rejects.toMatchObject({ code: 'CLIENT_SEND' });
        await expect(client.prepare({ fanout: true }).cast({}, 'work')).rejects.toMatchObject({ code: 'CLIENT_SEND' });
        await expect(exchange.cast({}, 'work')).rejects.toMatchObject({ code: 'CLIENT_SEND' });
        await expect(
          getRpcServer(side.transport, new Target({ topic: long, server: 's' }), []).start(),
        ).rejects.toThrow(/262 bytes; AMQP allows a name 255/);
      }
      // Each server has one to consume and one to declare on, and closes them.
      expect(side.sent(CHANNEL_OPEN).length - side.sent(/\x00\x14\x00\x28/).length).toBeLessThan(5);
    } finally {
      await side.close();
    }
  });
});
