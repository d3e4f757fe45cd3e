import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type RPCClient,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { SOON } from '../../support/served-topic.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

describeWithRabbit('a server that refuses redelivered requests', () => {
  const open: (() => Promise<unknown>)[] = [];
  let topic: string;
  let ran: unknown[];
  let release: () => void;
  let serving: Transport;
  let calling: Transport;
  let client: RPCClient;

  async function serve(refuseRedelivered: boolean): Promise<RPCServer> {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const endpoint = {
      record(_ctxt: unknown, { id }: { id: unknown }): unknown {
        ran.push(id);
        return id;
      },
      hold: () => {
        ran.push('hold');
        return released;
      },
    };
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, concurrency: 1, refuseRedelivered });
    serving = transport;
    const server = getRpcServer(transport, new Target({ topic, server: 'a' }), [endpoint]);
    await server.start();
    open.push(async () => {
      release();
      await server.stop();
      await transport.cleanup();
    });
    return server;
  }

  /** The broker hands everything in the queue to somebody who goes away without acknowledging it. */
  async function deliverUnacknowledged(messages: number): Promise<void> {
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages }));
    await withChannel(rabbitUrl, async (channel) => {
      for (let taken = 0; taken < messages; taken++) expect(await channel.get(topic)).not.toBe(false);
    });
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages }));
  }

  beforeEach(async () => {
    topic = uniqueTopic('again');
    ran = [];
    calling = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: 20 });
    open.push(() => calling.cleanup());
    client = getRpcClient(calling, new Target({ topic }));
  });

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of [topic, `${topic}.a`]) await channel.deleteQueue(queue);
    });
  });

  it('rejects the call, drops a cast, and continues', async () => {
    await (await serve(true)).stop();
    const call = client.call({}, 'record', { id: 'call' });
    call.catch(() => undefined);
    await client.cast({}, 'record', { id: 'cast' });
    await deliverUnacknowledged(2);
    await serve(true);
    await expect(call).rejects.toMatchObject({ excType: 'MessageDeliveryFailure', value: /may have started it/ });
    expect(await client.call({}, 'record', { id: 'first' })).toBe('first');
    expect(ran).toEqual(['first']);
    expect(serving.counts).toMatchObject({ redeliveries: 2, redelivered: 2, refusedMessages: 0 });
  });

  it('finishes its waiting requests when it stops, instead of requeueing them', async () => {
    const server = await serve(true);
    const held = client.call({}, 'hold');
    await eventually(() => expect(ran).toEqual(['hold']));
    const waiting = client.prepare({ server: 'a' }).call({}, 'record', { id: 'waiting' });
    // Confirmed, so it was in the queue, and delivered, so it is there no more.
    await eventually(() => expect(calling.health()).toMatchObject({ pendingCalls: 2, pendingPublishes: 0 }));
    await eventually(async () => expect(await queueDepth(rabbitUrl, `${topic}.a`)).toMatchObject({ messages: 0 }));
    const stopped = server.stop();
    release();
    expect(await waiting).toBe('waiting');
    await Promise.all([held, stopped]);
  });

  it('refuses a request that its sender marked as published again', async () => {
    await (await serve(true)).stop();
    const proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    const sending = getRpcTransport({ transportUrl: proxy.url, logger: silent, rpcResponseTimeout: 20, rabbit: SOON });
    open.push(() => sending.cleanup());
    const sender = getRpcClient(sending, new Target({ topic }));
    await sender.cast({}, 'record', { id: 'before' });
    proxy.stall('toClient');
    const cast = sender.cast({}, 'record', { id: 'again' });
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 2 }));
    proxy.cut();
    proxy.resume();
    await cast;
    const headers = await withChannel(rabbitUrl, async (channel) => {
      const messages = [1, 2, 3].map(() => channel.get(topic, { noAck: true }));
      return (await Promise.all(messages)).map((message) => (message ? message.properties.headers : undefined));
    });
    expect(headers).toEqual([{}, {}, { 'x-published-again': 1 }]);
    // Taken for a repetition by whoever has not seen the first.
    await withChannel(rabbitUrl, async (channel) => {
      channel.sendToQueue(topic, Buffer.from('{"method": "record", "args": {"id": "second"}, "_unique_id": "2"}'), {
        headers: { 'x-published-again': 1 },
      });
      await channel.waitForConfirms();
    });
    await serve(true);
    await eventually(() => expect(serving.counts.redeliveries).toBe(1));
    expect(ran).toEqual([]);
  });

  it('runs redelivered requests by default', async () => {
    await (await serve(false)).stop();
    const call = client.call({}, 'record', { id: 'again' });
    await deliverUnacknowledged(1);
    await serve(false);
    expect(await call).toBe('again');
  });
});
