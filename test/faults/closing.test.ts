import { randomUUID } from 'node:crypto';
import {
  BackingOffClient,
  getCurrentRequest,
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
import { LogRecorder } from '../support/log-recorder.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';
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

describeWithRabbit('closing with calls that have a signal', () => {
  const COUNT = 3;

  interface Waiting {
    readonly transport: Transport;
    readonly log: LogRecorder;
    readonly calls: readonly Promise<unknown>[];
  }

  /** Makes calls whose handlers wait, and that their server can cancel. Their signals go to the given list. */
  async function begin(proxy: TcpProxy, signals: AbortSignal[]): Promise<{ cancellable: Waiting; plain: Waiting }> {
    const topic = uniqueTopic('signals');
    const serving = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: 60 });
    const endpoint = {
      hold: () => {
        const signal = getCurrentRequest()?.getSignal() ?? AbortSignal.abort();
        signals.push(signal);
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      },
      echo: () => 'echo',
    };
    const server = getRpcServer(serving, new Target({ topic, server: 'one' }), [endpoint]);
    await server.start();
    open.push(async () => {
      await server.stop({ graceful: false });
      await serving.cleanup();
    });
    async function called(signal?: AbortSignal): Promise<Waiting> {
      const log = new LogRecorder();
      const transport = getRpcTransport({ transportUrl: proxy.url, logger: log, rpcResponseTimeout: 60 });
      open.push(() => transport.cleanup());
      const client = getRpcClient(transport, new Target({ topic }), signal && { signal });
      const before = signals.length;
      const calls = Array.from({ length: COUNT }, () => client.call({}, 'hold').catch((error: unknown) => error));
      await eventually(() => expect(signals).toHaveLength(before + COUNT));
      const last = new AbortController();
      const given = client
        .prepare({ signal: last.signal })
        .call({}, 'hold')
        .catch((error: unknown) => error);
      await eventually(() => expect(signals).toHaveLength(before + COUNT + 1));
      last.abort();
      await given;
      // Requests are announced in their order. Where the last one can be cancelled, so can the others.
      await eventually(() => expect(signals.at(-1)?.aborted).toBe(true));
      signals.pop();
      return { transport, log, calls };
    }
    const plain = await called();
    return { plain, cancellable: await called(new AbortController().signal) };
  }

  const NOTHING_LOST = /Closing with|not sent|not confirmed|not have been delivered/;

  async function started() {
    const proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    const signals: AbortSignal[] = [];
    return { proxy, signals, ...(await begin(proxy, signals)) };
  }

  it('cancels them at their server', async () => {
    const { cancellable, signals } = await started();
    await cancellable.transport.cleanup();
    await Promise.all(cancellable.calls);
    const states = () => signals.map(({ aborted }) => aborted);
    await eventually(() => expect(states()).toEqual([false, false, false, true, true, true]));
    expect(cancellable.log.messages(NOTHING_LOST)).toEqual([]);
  });

  it.each(['stall', 'halfOpen'] as const)('takes no longer for them, and reports no loss: %s', async (fault) => {
    const { proxy, cancellable, plain } = await started();
    proxy[fault]();
    const times = [cancellable, plain].map(({ transport }) => Stopwatch.time(() => transport.cleanup()));
    const [withSignals = 0, without = 0] = await Promise.all(times);
    // Waiting for a confirm that does not come takes 1500 ms.
    expect(withSignals - without).toBeLessThan(1000);
    await Promise.all(cancellable.calls);
    expect(cancellable.log.messages(NOTHING_LOST)).toEqual([]);
  });

  it('reports no loss when the broker is gone', async () => {
    const { proxy, cancellable } = await started();
    await proxy.refuse();
    proxy.cut();
    const { transport, log, calls } = cancellable;
    await eventually(() => expect(transport.health().status).toBe('disconnected'));
    // The cancellation before the fault may not be confirmed yet.
    const before = log.messages(NOTHING_LOST);
    await transport.cleanup();
    await Promise.all(calls);
    expect(log.messages(NOTHING_LOST)).toEqual(before);
  });
});
