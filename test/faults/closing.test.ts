import { randomUUID } from 'node:crypto';
import {
  BackingOffClient,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  Notifier,
  OsloClientProxy,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { queueDepth, withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const REFUSED = { code: 'DELIVERY_FAILURE', message: expect.stringContaining('The transport is closed') };

describe.each(['memory', 'rabbit'])('a transport that closes: %s', (kind) => {
  const where = kind === 'memory' ? `memory://${randomUUID()}` : rabbitUrl;

  /** A transport that has called its server, and a handler that never ends. */
  async function begin(): Promise<{ topic: string; transport: Transport }> {
    const topic = uniqueTopic('closing');
    const options: OsloMessagingOptions = { transportUrl: where, logger: silent, rpcResponseTimeout: 20 };
    const serving = getRpcTransport(options);
    const endpoint = { echo: () => 'echo', hold: () => new Promise(() => undefined) };
    const server = getRpcServer(serving, new Target({ topic, server: 'one' }), [endpoint]);
    await server.start();
    open.push(async () => {
      await server.stop({ graceful: false });
      await serving.cleanup();
      if (kind === 'rabbit')
        await withChannel(rabbitUrl, async (channel) => {
          for (const queue of [topic, `${topic}.one`]) await channel.deleteQueue(queue);
        });
    });
    const transport = getRpcTransport(options);
    open.push(() => transport.cleanup());
    expect(await getRpcClient(transport, new Target({ topic })).call({}, 'echo')).toBe('echo');
    return { topic, transport };
  }

  it.skipIf(kind === 'rabbit' && !rabbitUrl)(
    'rejects calls, casts and notifications at once during and after the close',
    async () => {
      const { topic, transport } = await begin();
      const target = new Target({ topic });
      const client = getRpcClient(transport, target);
      const backingOff = new BackingOffClient(transport, target);
      const notifier = new Notifier(transport, { publisherId: 'p', topics: [topic] });
      const waiting = client.call({}, 'hold');
      const rejected = expect(waiting).rejects.toMatchObject({ code: 'DELIVERY_FAILURE', method: 'hold', target });
      const refusesAll = () =>
        Promise.all([
          expect(client.call({}, 'hold')).rejects.toMatchObject({ ...REFUSED, method: 'hold' }),
          expect(backingOff.call({}, 'hold')).rejects.toMatchObject({ ...REFUSED, method: 'hold' }),
          expect(client.cast({}, 'echo')).rejects.toMatchObject({ ...REFUSED, method: 'echo' }),
          expect(client.prepare({ fanout: true }).cast({}, 'echo')).rejects.toMatchObject(REFUSED),
          expect(notifier.info({}, 'event', {})).rejects.toMatchObject(REFUSED),
        ]);
      const closing = transport.cleanup();
      await refusesAll();
      await rejected;
      await closing;
      await refusesAll();
      expect(transport.health()).toMatchObject({ status: 'closed', pendingCalls: 0, pendingPublishes: 0 });
    },
  );

  it.skipIf(kind === 'rabbit' && !rabbitUrl)('rejects messages of a ClientProxy at once', async () => {
    const { topic } = await begin();
    const proxy = new OsloClientProxy({ transportUrl: where, topic, logger: silent });
    expect(await lastValueFrom(proxy.send('echo', {}))).toBe('echo');
    const closing = proxy.close();
    await expect(lastValueFrom(proxy.send('hold', {}))).rejects.toMatchObject(REFUSED);
    await expect(lastValueFrom(proxy.emit('echo', {}))).rejects.toMatchObject(REFUSED);
    await closing;
    await expect(lastValueFrom(proxy.send('hold', {}))).rejects.toMatchObject(REFUSED);
  });
});

describeWithRabbit('closing with unconfirmed messages', () => {
  async function beginCasting(transportUrl: string, drainTimeout: string) {
    const topic = uniqueTopic('unconfirmed');
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertExchange('tacker', 'topic', { durable: false });
      await channel.assertQueue(topic, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      await channel.bindQueue(topic, 'tacker', topic);
    });
    open.push(() => withChannel(rabbitUrl, (channel) => channel.deleteQueue(topic)));
    const transport = getRpcTransport({ transportUrl, drainTimeout, logger: silent });
    open.push(() => transport.cleanup());
    return { topic, transport, client: getRpcClient(transport, new Target({ topic })) };
  }

  it('waits for the confirmations of the broker', async () => {
    const { topic, transport, client } = await beginCasting(rabbitUrl, '30s');
    await client.cast({}, 'warm_up');
    const casts = Array.from({ length: 500 }, (_, n) => client.cast({}, 'note', { n }));
    await Promise.all([transport.cleanup(), ...casts]);
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 501 }));
  });

  it('rejects the unconfirmed messages with an error that says that their outcome is unknown', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    const { topic, transport, client } = await beginCasting(proxy.url, '200ms');
    await client.cast({}, 'warm_up');
    proxy.stall('toClient');
    const cast = client.cast({}, 'note').catch((error: unknown) => error);
    await eventually(async () => expect(await queueDepth(rabbitUrl, topic)).toMatchObject({ messages: 2 }));
    await transport.cleanup();
    expect(await cast).toMatchObject({ code: 'DELIVERY_FAILURE', message: expect.stringMatching(/may have been/) });
  });
});
