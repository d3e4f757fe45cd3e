import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, connect } from 'amqplib';
import {
  type DeliveryMode,
  type Endpoint,
  getCurrentRequest,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { amqpUrl, queueDepth } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbitControl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { silent } from '../support/silent.js';

const LARGEST = 100_000;
const MODES: DeliveryMode[] = ['at-most-once', 'at-least-once'];

describeWithRabbitControl('a reply or a reply queue that the broker refuses', () => {
  const open: (() => Promise<unknown>)[] = [];
  const log = new LogRecorder();
  let node: RabbitNode;
  let topic: string;
  let ran: number;

  beforeAll(async () => {
    node = await borrowNode();
    await node.rabbitmqctl('eval', `application:set_env(rabbit, max_message_size, ${LARGEST}).`);
    await node.rabbitmqctl('add_user', 'no-replies', 'no-replies');
    // All but the default exchange, by which replies go.
    await node.rabbitmqctl('set_permissions', 'no-replies', '.*', '^(?!amq\\.default$).*', '.*');
    await node.rabbitmqctl('add_user', 'no-queue', 'no-queue');
    // A server alone needs no reply queue.
    await node.rabbitmqctl('set_permissions', 'no-queue', '^(?!reply_).*', '.*', '.*');
  });
  afterAll(() => returnNode(node));
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    log.clear();
  });

  async function serve(delivery: DeliveryMode, options: OsloMessagingOptions = {}): Promise<Transport> {
    topic = uniqueTopic('refused');
    ran = 0;
    const transport = getRpcTransport({ transportUrl: node.url, delivery, logger: log, drainTimeout: 1, ...options });
    open.push(() => transport.cleanup());
    const endpoint: Endpoint = {
      letters(_ctxt: unknown, { count }: { count: number }): string {
        ran++;
        return 'x'.repeat(count);
      },
    };
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [{ ...endpoint, wait }]);
    await server.start();
    open.push(() => server.stop());
    return transport;
  }

  /** Asks for its signal, and returns whether it has been aborted after a while. */
  async function wait(): Promise<boolean | undefined> {
    const signal = getCurrentRequest()?.getSignal();
    await sleep(300);
    return signal?.aborted;
  }

  /** A client that is connected: the time of a call does not count before. */
  async function client(timeout: number, options: OsloMessagingOptions = {}) {
    const transport = getRpcTransport({ transportUrl: node.url, logger: silent, ...options });
    open.push(() => transport.cleanup());
    await transport.connect();
    return getRpcClient(transport, new Target({ topic }), { timeout });
  }

  async function channel(): Promise<Channel> {
    const connection = await connect(amqpUrl(node.url));
    open.push(() => connection.close());
    return connection.createChannel();
  }

  const emptied = () =>
    eventually(async () => expect(await queueDepth(node.url, topic)).toEqual({ messages: 0, consumers: 1 }));

  it.each(MODES)('as too large becomes a failure that names the reason, %s', async (delivery) => {
    await serve(delivery);
    const calling = await client(20);
    await expect(calling.call({}, 'letters', { count: LARGEST + 1 })).rejects.toMatchObject({
      excType: 'ClientSendError',
      value: expect.stringMatching(/message size \d+ is larger than configured max size 100000/),
    });
    expect(await calling.call({}, 'letters', { count: 3 })).toBe('xxx');
    expect(ran).toBe(2);
    await emptied();
  });

  it.each(MODES)('without permission is logged once, and runs the handler once, %s', async (delivery) => {
    const transportUrl = node.url.replace('guest:guest', 'no-replies:no-replies');
    const transport = await serve(delivery, { transportUrl });
    const calling = await client(3);
    const calls = [1, 2, 3].map((count) => calling.call({}, 'letters', { count }));
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: 'TIMEOUT' })));
    await eventually(() => expect(transport.counts.droppedReplies).toBe(3));
    expect(ran).toBe(3);
    expect(log.messages(/amq\.default.*set_permissions/, 'error')).toHaveLength(1);
    await emptied();
  });

  it('is done without by a server: its callers cannot cancel, and one line says so', async () => {
    const transportUrl = node.url.replace('guest:guest', 'no-queue:no-queue');
    const transport = await serve('at-most-once', { transportUrl });
    const calling = (await client(20)).prepare({ signal: new AbortController().signal });
    await calling.call({}, 'letters', { count: 3 });
    const statuses: string[] = [];
    transport.onStatus((status) => statuses.push(status));
    const calls = [1, 2, 3].map(() => calling.call({}, 'wait'));
    expect(await Promise.all(calls)).toEqual([false, false, false]);
    expect(await calling.call({}, 'letters', { count: 3 })).toBe('xxx');
    expect(log.messages(/^Callers cannot cancel their requests here.*reply_/, 'debug')).toHaveLength(1);
    expect(log.messages(/./, 'warn')).toEqual([]);
    expect(log.messages(/./, 'error')).toEqual([]);
    expect([statuses, transport.health().replyQueue]).toEqual([['connected'], undefined]);
  });

  it.each(MODES)('by a full queue is published when there is room, %s', async (delivery) => {
    const transport = await serve(delivery, { limits: { deliveries: 3 } });
    const queue = `reply_${randomUUID()}`;
    const caller = await channel();
    await caller.assertQueue(queue, {
      exclusive: true,
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    caller.sendToQueue(queue, Buffer.from('filler'));
    const request = { method: 'letters', args: { count: 2 }, _msg_id: 'm', _reply_q: queue, _unique_id: randomUUID() };
    caller.sendToQueue(topic, Buffer.from(JSON.stringify(request)), { expiration: '20000' });
    await eventually(() => expect(ran).toBe(1));
    // It has been refused when the broker has been asked for as many channels as that takes; then there is room.
    await eventually(() => expect(transport.health().inWork).toBe(0));
    expect(await caller.get(queue, { noAck: true })).toMatchObject({ content: Buffer.from('filler') });
    const reply = await eventually(async () => {
      const message = await caller.get(queue, { noAck: true });
      if (!message) throw new Error('no reply yet');
      return message;
    });
    expect(JSON.parse(reply.content.toString())['oslo.message']).toContain('"xx"');
    expect(ran).toBe(1);
    expect(transport.counts.droppedReplies).toBe(0);
    await emptied();
  });

  it('to a caller without a deadline repeats the handler after growing delays, up to the limit', async () => {
    const transport = await serve('at-least-once', {
      limits: { deliveries: 3 },
      rabbit: { kombuMissingConsumerRetryTimeout: 0 },
    });
    const queue = `reply_${randomUUID()}`;
    const caller = await channel();
    await caller.assertQueue(queue, {
      exclusive: true,
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    });
    caller.sendToQueue(queue, Buffer.from('filler'));
    const request = { method: 'letters', args: { count: 2 }, _msg_id: 'm', _reply_q: queue, _unique_id: randomUUID() };
    const begun = performance.now();
    caller.sendToQueue(topic, Buffer.from(JSON.stringify(request)));
    await eventually(() => expect(transport.counts.deadLettered).toBe(1), { within: 15_000 });
    expect(ran).toBe(3);
    expect(performance.now() - begun).toBeGreaterThan(100 + 200 + 400);
    await emptied();
  });

  it.each([
    ['too deep', { depth: 3 }, /nested deeper than 3 levels/],
    ['too large', { bodyBytes: 2000 }, /has \d+ bytes; at most 2000/],
  ])('that the client refuses as %s rejects its call at once', async (_name, limits, why) => {
    topic = uniqueTopic('refused');
    const transport = getRpcTransport({ transportUrl: node.url, logger: silent });
    open.push(() => transport.cleanup());
    const result = { a: { b: { c: { d: 'x'.repeat(2000) } } } };
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [{ get: () => result }]);
    await server.start();
    open.push(() => server.stop());
    const call = (await client(30, { limits })).call({}, 'get');
    await expect(call).rejects.toMatchObject({ code: 'INVALID_MESSAGE', method: 'get' });
    await expect(call).rejects.toThrow(why);
  });
});
