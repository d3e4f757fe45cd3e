import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import {
  getRpcServer,
  getRpcTransport,
  type OsloMessagingOptions,
  RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { brokenFrame, connectionClose, HANDSHAKE } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function connect(transportUrl: string, options: OsloMessagingOptions = {}): Transport {
  const transport = getRpcTransport({ transportUrl, logger: silent, rpcResponseTimeout: '20s', ...options });
  cleanups.push(() => transport.cleanup());
  return transport;
}

async function serve(transport: Transport, topic: string): Promise<RPCClient> {
  const server = getRpcServer(transport, new Target({ topic, server: 'one' }), [{ who: () => 'one' }]);
  cleanups.push(() => server.stop());
  await server.start();
  const client = new RPCClient(transport, new Target({ topic }));
  expect(await client.call({}, 'who')).toBe('one');
  return client;
}

describe('a broker that accepts and never speaks', () => {
  it('leaves no connection when the transport is closed during the attempt', async () => {
    const sockets: Socket[] = [];
    const silentServer = createServer((socket) => sockets.push(socket.resume().on('error', () => undefined)));
    silentServer.listen(0, '127.0.0.1');
    await once(silentServer, 'listening');
    cleanups.push(async () => silentServer.close());
    const { port } = silentServer.address() as { port: number };
    const transport = connect(`rabbit://127.0.0.1:${port}/`, { rabbit: { connectTimeout: '60s' } });
    const cast = new RPCClient(transport, new Target({ topic: 't' })).cast({}, 'm');
    const failure = expect(cast).rejects.toMatchObject({ code: 'DELIVERY_FAILURE' });
    await eventually(() => expect(sockets).toHaveLength(1));
    expect(await Stopwatch.time(() => transport.cleanup())).toBeLessThan(1000);
    await failure;
    expect(transport.health().status).toBe('closed');
    await eventually(() => expect(sockets[0]?.destroyed).toBe(true));
  });
});

describe('a broker that closes the connection with the last frame of the handshake', () => {
  it('fails the attempt, and answers the next one', async () => {
    let accepted = 0;
    const server = createServer((socket) => {
      accepted++;
      const [start, tune, openOk] = HANDSHAKE;
      const words = [start, tune, Buffer.concat([openOk ?? Buffer.of(), connectionClose(320, 'CONNECTION_FORCED')])];
      socket.on('error', () => undefined).on('data', () => socket.write(words.shift() ?? Buffer.of()));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(async () => server.close());
    const transport = connect(`rabbit://127.0.0.1:${(server.address() as { port: number }).port}/`);
    const client = new RPCClient(transport, new Target({ topic: 't' }), { retry: 0 });
    for (const attempt of [1, 2]) {
      await expect(client.cast({}, 'm')).rejects.toThrow(/closed the connection at once/);
      expect(accepted).toBe(attempt);
    }
  });
});

describeWithRabbit('a connection', () => {
  const heartbeat = { heartbeatTimeoutThreshold: 1, connectTimeout: '1s', rabbitRetryInterval: '50ms' } as const;

  it.each(['halfOpen', 'stall'] as const)('is closed within three heartbeats: %s', async (fault) => {
    const proxy = await TcpProxy.start(rabbitPort);
    cleanups.push(() => proxy.close());
    const transport = connect(proxy.url, { rabbit: heartbeat });
    const client = await serve(transport, uniqueTopic());
    let lost: () => void = () => undefined;
    const disconnected = new Promise<void>((resolve) => {
      lost = resolve;
    });
    cleanups.push(async () => end());
    const end = transport.onStatus((status) => status === 'disconnected' && lost());
    const watch = new Stopwatch();
    proxy[fault]();
    await disconnected;
    // Checks are a second apart.
    expect(watch.stop()).toBeLessThan(4000);
    proxy.resume();
    expect(await client.call({}, 'who')).toBe('one');
    expect(transport.counts.lostConnections).toBeGreaterThan(0);
  });

  it('buffers no more than the limit while the broker does not read, and closes in time', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    cleanups.push(() => proxy.close());
    const transport = connect(proxy.url, { limits: { pendingPublishBytes: 2_000_000 } });
    const client = new RPCClient(transport, new Target({ topic: uniqueTopic() }));
    await client.cast({}, 'warm_up');
    proxy.stall('toServer');
    const text = 'x'.repeat(100_000);
    const casts = Array.from({ length: 40 }, () => client.cast({}, 'note', { text }));
    const outcomes = Promise.allSettled(casts);
    const { pendingPublishes, pendingPublishBytes } = transport.health();
    expect(pendingPublishes).toBeLessThan(20);
    expect(pendingPublishBytes).toBeLessThanOrEqual(2_000_000);
    expect(await Stopwatch.time(() => transport.cleanup())).toBeLessThan(5000);
    // None is left to its own deadline.
    expect(await Stopwatch.time(() => outcomes)).toBeLessThan(2000);
    const codes = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(new Set(codes)).toEqual(new Set(['CLIENT_SEND', 'DELIVERY_FAILURE']));
    expect(codes.filter((code) => code === 'DELIVERY_FAILURE')).toHaveLength(pendingPublishes);
  });

  it('lets servers and callers close while it is stalled', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    cleanups.push(() => proxy.close());
    const transport = connect(proxy.url);
    const server = getRpcServer(transport, new Target({ topic: uniqueTopic(), server: 'one' }), [{ who: () => 'one' }]);
    await server.start();
    proxy.stall();
    expect(await Stopwatch.time(() => server.stop())).toBeLessThan(4000);
    expect(await Stopwatch.time(() => transport.cleanup())).toBeLessThan(6000);
  });

  it('is opened again after the event loop was blocked for six heartbeats', async () => {
    const transport = connect(rabbitUrl, { rabbit: heartbeat });
    const client = await serve(transport, uniqueTopic());
    // The broker gives a silent client up after two to three; a wait leaves it the processor.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000);
    await eventually(() => expect(transport.counts.lostConnections).toBe(2));
    expect(await client.call({}, 'who')).toBe('one');
    await eventually(() => expect(transport.health().status).toBe('connected'));
  });

  it('stays with the other servers when the broker closes it because of one server', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    cleanups.push(() => proxy.close());
    const transport = connect(proxy.url, { rabbit: { rabbitRetryInterval: '50ms', rabbitIntervalMax: '100ms' } });
    const [failing, healthy] = [uniqueTopic('failing'), uniqueTopic('healthy')];
    await serve(transport, failing);
    await serve(transport, healthy);
    const attached = (topic: string) => transport.health().consumers.find(({ queue }) => queue === topic)?.attached;
    let errors = 0;
    proxy.observe('toServer', (chunk) => {
      if (!chunk.includes(failing)) return;
      errors++;
      for (const link of proxy.links) link.inject('toServer', brokenFrame());
    });
    proxy.cut();
    await eventually(() => expect(errors).toBeGreaterThan(3), { within: 20_000 });
    // Each further try is likely to be seconds away.
    await eventually(() => expect([attached(healthy), attached(failing)]).toEqual([true, false]), { within: 10_000 });
    expect(transport.health().lastError?.message).toContain('FRAME_ERROR');
    proxy.observe('toServer', () => undefined);
    await eventually(() => expect(attached(failing)).toBe(true), { within: 25_000 });
  }, 60_000);

  it('is opened with a growing delay when it is lost again and again', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    cleanups.push(() => proxy.close());
    const transport = connect(proxy.url, { rabbit: { rabbitRetryInterval: '1s' } });
    cleanups.push(async () => end());
    const end = transport.onStatus((status) => status === 'connected' && proxy.cut());
    const began = performance.now();
    const cast = new RPCClient(transport, new Target({ topic: 't' })).cast({}, 'm', {}).catch(() => undefined);
    await eventually(() => expect(proxy.accepted).toBeGreaterThanOrEqual(4), { within: 10_000 });
    // The third loss is followed by a wait of a quarter of a second at least.
    expect(performance.now() - began).toBeGreaterThan(200);
    await transport.cleanup();
    await cast;
  });
});
