import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessagingTimeout,
  Notifier,
  type OsloMessagingOptions,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { CONNECTION_UNBLOCKED, connectionBlocked } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { MessageTap } from '../support/message-tap.js';
import { SOON } from '../support/served-topic.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Milliseconds for which messages wait here before they may be written. */
const WAIT = 400;

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Setting {
  topic: string;
  ran: unknown[];
  proxy: TcpProxy;
  transport: Transport;
  serving: Transport;
  client: RPCClient;
  /** Messages published to the topic, in order. */
  tap: MessageTap;
}

/** A server on the broker, and a client behind a proxy that has called it once. */
async function begin(options: OsloMessagingOptions = {}): Promise<Setting> {
  const topic = uniqueTopic('late');
  const ran: unknown[] = [];
  const serving = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
  const server = getRpcServer(serving, new Target({ topic, server: 'one' }), [
    {
      run: (_context: unknown, { n }: { n: number }) => {
        ran.push(n);
        return n;
      },
    },
  ]);
  await server.start();
  open.push(async () => {
    await server.stop();
    await serving.cleanup();
    await withChannel(rabbitUrl, async (channel) => {
      for (const queue of [topic, `${topic}.one`]) await channel.deleteQueue(queue);
    });
  });
  const proxy = await TcpProxy.start(rabbitPort);
  open.push(() => proxy.close());
  const transport = getRpcTransport({
    transportUrl: proxy.url,
    logger: silent,
    rpcResponseTimeout: 20,
    rabbit: SOON,
    drainTimeout: '200ms',
    ...options,
  });
  open.push(() => transport.cleanup());
  const client = getRpcClient(transport, new Target({ topic }));
  await client.call({}, 'run', { n: 0 });
  const tap = await MessageTap.open(rabbitUrl, 'tacker', [topic]);
  open.push(() => tap.close());
  return { topic, ran, proxy, transport, serving, client, tap };
}

async function passed(began: number): Promise<void> {
  await eventually(() => expect(performance.now() - began).toBeGreaterThan(WAIT));
}

function expirations({ tap }: Setting): number[] {
  return tap.messages.map(({ properties }) => Number(properties['expiration']));
}

describeWithRabbit('a request that is published late', () => {
  it('carries its whole timeout without a delay', async () => {
    const setting = await begin();
    await setting.client.prepare({ timeout: 7 }).call({}, 'run', { n: 1 });
    await eventually(() => expect(expirations(setting)).toEqual([7000]));
  });

  it('carries its remaining time after a wait for a connection', async () => {
    const setting = await begin();
    const { proxy, client, transport } = setting;
    await proxy.refuse();
    proxy.cut();
    await eventually(() => expect(transport.health().publishing).not.toBe('connected'));
    const began = performance.now();
    const call = client.prepare({ timeout: 10 }).call({}, 'run', { n: 1 });
    await passed(began);
    await proxy.accept();
    expect(await call).toBe(1);
    await eventually(() => expect(setting.tap.messages).toHaveLength(1));
    expect(expirations(setting)[0]).toBeLessThanOrEqual(10_000 - WAIT);
  });

  it('carries its remaining time and a mark when it is published again', async () => {
    const setting = await begin();
    const { proxy, client, ran, tap } = setting;
    proxy.stall('toClient');
    const began = performance.now();
    const call = client.prepare({ timeout: 10 }).call({}, 'run', { n: 1 });
    await eventually(() => expect(tap.messages).toHaveLength(1));
    await passed(began);
    proxy.cut();
    proxy.resume();
    expect(await call).toBe(1);
    await eventually(() => expect(tap.messages).toHaveLength(2));
    expect(expirations(setting)[0]).toBe(10_000);
    expect(expirations(setting)[1]).toBeLessThanOrEqual(10_000 - WAIT);
    const deadline = expect.any(Number);
    const headers = tap.messages.map(({ properties }) => properties['headers']);
    expect(headers).toEqual([{ 'x-deadline': deadline }, { 'x-deadline': deadline, 'x-published-again': 1 }]);
    expect(headers[1]).toMatchObject(headers[0] as object);
    expect(ran).toEqual([0, 1]);
  });

  it('is not published after its deadline', async () => {
    const { proxy, client, transport, ran } = await begin();
    await proxy.refuse();
    proxy.cut();
    await eventually(() => expect(transport.health().publishing).not.toBe('connected'));
    const shortLived = client.prepare({ timeout: '200ms' });
    await expect(shortLived.call({}, 'run', { n: 1 })).rejects.toBeInstanceOf(MessagingTimeout);
    await expect(shortLived.cast({}, 'run', { n: 2 })).rejects.toMatchObject({ code: 'DELIVERY_FAILURE' });
    await eventually(() => expect(transport.health().pendingPublishes).toBe(0));
    await proxy.accept();
    expect(await client.call({}, 'run', { n: 3 })).toBe(3);
    expect(ran).toEqual([0, 3]);
  });
});

describeWithRabbit('a request that was written in time and arrives late', () => {
  it('is not started: a call', async () => {
    const { client, proxy, ran, serving } = await begin();
    proxy.stall('toServer');
    const late = client.prepare({ timeout: '800ms' }).call({}, 'run', { n: 1 });
    await expect(late).rejects.toBeInstanceOf(MessagingTimeout);
    // The call that the server compares it with may have been slow, too.
    await passed(performance.now());
    proxy.resume();
    expect(await client.call({}, 'run', { n: 2 })).toBe(2);
    expect(ran).toEqual([0, 2]);
    expect(serving.counts.expiredRequests).toBe(1);
  });

  it('runs: a cast, which its server may get long after the confirm', async () => {
    const { client, proxy, ran, serving } = await begin();
    proxy.stall('toServer');
    const late = client.prepare({ timeout: '800ms' }).cast({}, 'run', { n: 1 });
    await expect(late).rejects.toThrow('did not confirm the message in time; it may still be delivered');
    proxy.resume();
    await eventually(() => expect(ran).toEqual([0, 1]));
    expect(serving.counts.expiredRequests).toBe(0);
  });
});

describeWithRabbit('a message that is published during an alarm', () => {
  async function beginBlocked(options: OsloMessagingOptions = {}) {
    const setting = await begin(options);
    const { proxy, transport } = setting;
    const say = (bytes: Buffer) => {
      for (const link of proxy.links) link.inject('toClient', bytes);
    };
    say(connectionBlocked('low on disk'));
    await eventually(() => expect(transport.health().publishing).toBe('blocked'));
    return { ...setting, unblock: () => say(CONNECTION_UNBLOCKED) };
  }

  it('waits in the process, and is published in order with its remaining time', async () => {
    const setting = await beginBlocked();
    const { client, transport, ran, unblock } = setting;
    const began = performance.now();
    const casts = [1, 2, 3].map((n) => client.cast({}, 'run', { n }));
    // How often to connect is another question.
    const call = client.prepare({ timeout: 10, retry: 0 }).call({}, 'run', { n: 4 });
    const elsewhere = client.prepare({ exchange: uniqueTopic('new-exchange') }).cast({}, 'run');
    await passed(began);
    expect(setting.tap.messages).toEqual([]);
    expect(transport.health()).toMatchObject({ status: 'blocked', pendingPublishes: 5 });
    unblock();
    await Promise.all([...casts, elsewhere]);
    expect(await call).toBe(4);
    expect(ran).toEqual([0, 1, 2, 3, 4]);
    expect(expirations(setting)[3]).toBeLessThanOrEqual(10_000 - WAIT);
  });

  it('is dropped at its deadline: requests, fanouts, notifications, and exchanges to declare', async () => {
    const { topic, client, transport, ran, unblock, tap } = await beginBlocked();
    const shortLived = client.prepare({ timeout: '200ms' });
    const notifier = new Notifier(transport, { publisherId: 'p', topics: [topic], timeout: '200ms' });
    const why = 'the broker blocks publishing (low on disk), so nothing was sent';
    await Promise.all([
      expect(shortLived.call({}, 'run', { n: 1 })).rejects.toThrow(why),
      expect(shortLived.cast({}, 'run', { n: 2 })).rejects.toThrow(why),
      expect(client.prepare({ timeout: '200ms', fanout: true }).cast({}, 'run', { n: 3 })).rejects.toThrow(why),
      expect(client.prepare({ timeout: '200ms', exchange: uniqueTopic() }).cast({}, 'run')).rejects.toThrow(why),
      expect(notifier.info({}, 'event', {})).rejects.toThrow(why),
    ]);
    await eventually(() => expect(transport.health()).toMatchObject({ pendingPublishes: 0, pendingCalls: 0 }));
    unblock();
    expect(await client.call({}, 'run', { n: 4 })).toBe(4);
    expect(ran).toEqual([0, 4]);
    expect(tap.messages).toHaveLength(1);
  });

  it('is bounded, and rejected at once when the transport closes', async () => {
    const { client, transport, tap } = await beginBlocked({ limits: { pendingPublishes: 3 }, drainTimeout: 30 });
    const held = [1, 2, 3].map((n) => client.cast({}, 'run', { n }).catch((error: Error) => error.message));
    await expect(client.cast({}, 'run', { n: 4 })).rejects.toMatchObject({ code: 'CLIENT_SEND' });
    expect(await Stopwatch.time(() => transport.cleanup())).toBeLessThan(2000);
    expect(await Promise.all(held)).toEqual(Array(3).fill('The transport was closed; the message was not sent'));
    expect(tap.messages).toEqual([]);
  });

  it('fails as unsent, while a message that was written before fails with an unknown outcome', async () => {
    const { client, proxy, transport } = await begin();
    proxy.stall('toClient');
    const shortLived = client.prepare({ timeout: '1500ms' });
    const outcomes = [shortLived.call({}, 'run', { n: 1 }), shortLived.cast({}, 'run', { n: 2 })].map((sent) =>
      sent.catch((error: Error) => error.message),
    );
    for (const link of proxy.links) link.inject('toClient', connectionBlocked('low on memory'));
    await eventually(() => expect(transport.health().publishing).toBe('blocked'));
    for (const message of await Promise.all(outcomes))
      expect(message).toContain('blocks publishing (low on memory); what was sent before may still be delivered');
    proxy.resume();
  });
});
