import {
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageDeliveryFailure,
  MessageUndeliverable,
  Notifier,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { collectMetrics } from 'nestjs-oslo-messaging/prometheus';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';

describe('The embedded broker', () => {
  const open: (() => Promise<unknown>)[] = [];
  const log = new LogRecorder();

  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    log.clear();
  });

  function connect(options: OsloMessagingOptions = {}): Transport {
    const transport = getRpcTransport({ transportUrl: `memory://${uniqueTopic()}`, logger: log, ...options });
    open.push(() => transport.cleanup());
    return transport;
  }

  async function serve(transport: Transport, topic: string, endpoint: object): Promise<void> {
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [endpoint]);
    await server.start();
    open.push(() => server.stop());
  }

  const piled = /piles up/;

  it.each([
    ['memory://one', 'memory://ONE/', true],
    ['memory://user:secret@one/', 'memory://one', true],
    ['memory:///a', 'fake:///a', true],
    ['memory://', 'memory:///', true],
    ['memory://one', 'memory://two', false],
    ['memory://one:1', 'memory://one:2', false],
    ['memory://', 'memory://one', false],
    ['memory://one/a', 'memory://one/b', false],
    ['memory://a', 'memory:///a', false],
  ])('of %s is that of %s: %s', async (one, other, isSame) => {
    const topic = uniqueTopic();
    await serve(connect({ transportUrl: one }), topic, { ping: () => 'pong' });
    const call = getRpcClient(connect({ transportUrl: other }), new Target({ topic })).call({}, 'ping');
    if (isSame) expect(await call).toBe('pong');
    else {
      await expect(call).rejects.toBeInstanceOf(MessageUndeliverable);
      await expect(call).rejects.toThrow('memory:// reaches no other');
    }
  });

  it('warns once when a queue piles up, and again when it does so later', async () => {
    const topic = uniqueTopic();
    const transport = connect({ limits: { queuedMessages: 100 } });
    const notifier = new Notifier(transport, { topics: [topic] });
    const notify = (count: number) => Promise.all(Array.from({ length: count }, (_, id) => notifier.info({}, 'x', id)));
    await notify(9);
    expect(log.messages(piled)).toEqual([]);
    await notify(91);
    expect(log.messages(piled, 'warn')).toHaveLength(1);
    expect(log.messages(piled)[0]).toContain(`The queue "${topic}.info" of the embedded broker piles up: 10 messages`);
    expect(log.messages(piled)[0]).toContain('It has no consumer');
    const listener = getNotificationListener(transport, [new Target({ topic })], [{ info: () => undefined }]);
    await listener.start();
    await eventually(() => expect(transport.health().queuedMessages).toBe(0));
    await listener.stop();
    await notify(10);
    expect(log.messages(piled)).toHaveLength(2);
  });

  it('refuses messages at the limit, with the queue, the limit and the remedy', async () => {
    const topic = uniqueTopic();
    const transport = connect({ limits: { queuedMessages: 5 } });
    const notifier = new Notifier(transport, { topics: [topic] });
    for (let id = 0; id < 5; id++) await notifier.info({}, 'x', id);
    const refused = notifier.info({}, 'x', 5);
    await expect(refused).rejects.toBeInstanceOf(MessageDeliveryFailure);
    await expect(refused).rejects.toThrow(`The queue "${topic}.info" accepts no more messages`);
    await expect(refused).rejects.toThrow('limits.queuedMessages');
    await expect(refused).rejects.toThrow(/no consumer: start one.*raise the limit/);
    expect(transport.counts.overLimit).toBe(1);
    // Others are not concerned, and neither is it once somebody reads.
    await new Notifier(transport, { topics: [uniqueTopic()] }).info({}, 'x', 0);
    const got: unknown[] = [];
    const endpoint = { info: (_c: unknown, _p: unknown, _t: unknown, payload: unknown) => void got.push(payload) };
    const listener = getNotificationListener(transport, [new Target({ topic })], [endpoint]);
    await listener.start();
    open.push(() => listener.stop());
    await notifier.info({}, 'x', 5);
    await eventually(() => expect(got).toEqual([0, 1, 2, 3, 4, 5]));
  });

  it('is bounded by bytes, which health and metrics show, and still answers calls', async () => {
    const topic = uniqueTopic();
    const transport = connect({ limits: { queuedBytes: 50_000 } });
    await serve(transport, topic, { echo: (_ctxt: unknown, { text }: { text: string }) => text });
    const notifier = new Notifier(transport, { topics: [topic] });
    const text = 'x'.repeat(10_000);
    for (let id = 0; id < 5; id++) await notifier.info({}, 'x', text);
    await expect(notifier.info({}, 'x', text)).rejects.toThrow(/limits\.queuedBytes/);
    const client = getRpcClient(transport, new Target({ topic }));
    expect(await client.call({}, 'echo', { text })).toBe(text);
    const { queuedMessages, queuedBytes } = transport.health();
    expect(queuedMessages).toBe(5);
    expect(queuedBytes).toBeGreaterThan(50_000);
    expect(queuedBytes).toBeLessThan(60_000);
    expect(log.messages(piled)).toHaveLength(1);
    const register = new Registry();
    collectMetrics({ notifications: transport }, { register });
    expect(await register.metrics()).toContain('oslo_messaging_queued_messages{transport="notifications"} 5\n');
    expect(await register.metrics()).toContain(
      `oslo_messaging_queued_bytes{transport="notifications"} ${queuedBytes}\n`,
    );
  });

  it('releases calls after their timeout, and everything when its last transport closes', async () => {
    const topic = uniqueTopic();
    const transport = connect({ limits: { queuedMessages: 3 } });
    const server = getRpcServer(transport, new Target({ topic, server: 's' }), [{ ping: () => 'pong' }]);
    await server.start();
    await server.stop();
    const client = getRpcClient(transport, new Target({ topic })).prepare({ timeout: '20ms' });
    for (let call = 0; call < 4; call++) await expect(client.call({}, 'ping')).rejects.toThrow(/Timed out/);
    expect(transport.health().queuedMessages).toBe(0);
    // A cast in front has no end, and holds up those behind it; at the limit they are looked for.
    await client.cast({}, 'ping');
    for (let call = 0; call < 4; call++) await expect(client.call({}, 'ping')).rejects.toThrow(/Timed out/);
    for (let cast = 0; cast < 2; cast++) await client.cast({}, 'ping');
    await expect(client.cast({}, 'ping')).rejects.toThrow(/limits\.queuedMessages/);
    await transport.cleanup();
    expect(transport.health()).toMatchObject({ queuedMessages: 0, queuedBytes: 0 });
  });

  it('keeps the order of waiting messages when many are requeued', async () => {
    const topic = uniqueTopic();
    const transport = connect({ drainTimeout: 0 });
    const target = [new Target({ topic })];
    const notifier = new Notifier(transport, { topics: [topic] });
    const stuck = { info: () => new Promise<void>(() => undefined) };
    const ids = Array.from({ length: 500 }, (_, id) => id);
    for (const id of ids) await notifier.info({}, 'x', id);
    for (let round = 0; round < 3; round++) {
      const listener = getNotificationListener(transport, target, [stuck]);
      await listener.start();
      await eventually(() => expect(transport.health().inWork).toBe(64));
      await listener.stop();
      expect(transport.health().queuedMessages).toBe(500);
    }
    const got: unknown[] = [];
    const endpoint = { info: (_c: unknown, _p: unknown, _t: unknown, payload: unknown) => void got.push(payload) };
    const listener = getNotificationListener(transport, target, [endpoint]);
    await listener.start();
    await eventually(() => expect(got).toHaveLength(500));
    expect(got).toEqual(ids);
    await listener.stop();
    expect(transport.health()).toMatchObject({ queuedMessages: 0, queuedBytes: 0 });
  });
});
