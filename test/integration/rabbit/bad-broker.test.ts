import { createServer, type Server, type Socket } from 'node:net';
import { inspect } from 'node:util';
import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type RabbitOptions,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { freePort } from '../../../testkit/free-port.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';

const PASSWORD = 's3cret-pa55';
const target = new Target({ topic: uniqueTopic() });
/** Milliseconds that are far below the 20 s of a call. */
const AT_ONCE = 10_000;

describeWithRabbit('an unavailable broker', () => {
  const lines: string[] = [];
  const cleanups: (() => Promise<unknown>)[] = [];
  let silentServer: Server;
  let endless: Server;
  let deadPort: number;

  beforeAll(async () => {
    deadPort = await freePort();
    silentServer = createServer((socket) => socket.on('error', () => undefined));
    endless = createServer(speakForEver);
    for (const server of [silentServer, endless]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
  });
  afterAll(() => {
    silentServer?.close();
    endless?.close();
  });
  beforeEach(() => {
    lines.length = 0;
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    for (const line of lines) expect(line).not.toContain(PASSWORD);
  });

  function connect(transportUrl: string, rpcResponseTimeout = 20, given: RabbitOptions = {}) {
    const log = (line: string) => void lines.push(line);
    const logger = { debug: log, log, warn: log, error: log };
    const rabbit = { connectTimeout: '500ms', ...given };
    const options = { transportUrl, logger, rabbit, rpcResponseTimeout };
    const transport = getRpcTransport(options);
    const notifications = getNotificationTransport(options);
    cleanups.push(() => Promise.all([transport.cleanup(), notifications.cleanup()]));
    return { transport, notifications };
  }

  /** The failure of a promise, which must come within the time and hold no password, however deep one looks. */
  async function failure(promise: Promise<unknown>, within = AT_ONCE): Promise<Error & { code: string }> {
    const began = performance.now();
    try {
      await promise;
    } catch (error) {
      expect(performance.now() - began).toBeLessThan(within);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PASSWORD);
      return error as Error & { code: string };
    }
    return expect.fail('it worked');
  }

  interface Case {
    name: string;
    url: () => string;
    reason: RegExp;
    /** Without a limit to the retries it fails at once, too. */
    hopeless: boolean;
  }
  const url = (host: string, port: number, path = '') => `rabbit://user:${PASSWORD}@${host}:${port}/${path}`;
  const cases: Case[] = [
    {
      name: 'a port where nobody listens',
      url: () => url('127.0.0.1', deadPort),
      reason: /127\.0\.0\.1:\d+: .*ECONNREFUSED/,
      hopeless: false,
    },
    {
      name: 'a host with several addresses',
      url: () => url('localhost', deadPort),
      reason: /localhost:\d+: .*ECONNREFUSED/,
      hopeless: false,
    },
    {
      name: 'an unknown host',
      url: () => url('no-such-host.invalid', 5672),
      reason: /no-such-host\.invalid:5672: .*(ENOTFOUND|EAI_AGAIN)/,
      hopeless: false,
    },
    {
      name: 'a host that never speaks',
      url: () => url('127.0.0.1', (silentServer.address() as { port: number }).port),
      reason: /127\.0\.0\.1:\d+: .*(handshake within \d+ ms|ETIMEDOUT)/,
      hopeless: false,
    },
    {
      name: 'a host that never comes to an end',
      url: () => url('127.0.0.1', (endless.address() as { port: number }).port),
      reason: /127\.0\.0\.1:\d+: .*handshake within \d+ ms/,
      hopeless: false,
    },
    {
      name: 'several dead hosts',
      url: () => `rabbit://user:${PASSWORD}@127.0.0.1:${deadPort},user:${PASSWORD}@no-such-host.invalid:1/`,
      reason: /ECONNREFUSED.*; |; .*ECONNREFUSED/,
      hopeless: false,
    },
    {
      name: 'a wrong password',
      url: () => url('127.0.0.1', rabbitPort),
      reason: /ACCESS_REFUSED - Login was refused/,
      hopeless: true,
    },
    {
      name: 'a missing virtual host',
      url: () => `${rabbitUrl}no-such-vhost`,
      reason: /NOT_ALLOWED - vhost no-such-vhost not found/,
      hopeless: true,
    },
  ];

  describe.each(cases)('$name', ({ url: urlOf, reason }) => {
    it('fails a call, a cast and a notification at once with retry 0', async () => {
      const { transport, notifications } = connect(urlOf());
      const client = new RPCClient(transport, target, { retry: 0 });
      for (const attempt of [
        () => client.call({}, 'method'),
        () => client.cast({}, 'method'),
        () => client.prepare({ fanout: true }).cast({}, 'method'),
        () => new Notifier(notifications, { publisherId: 'p', retry: 0 }).info({}, 'event', {}),
      ]) {
        const error = await failure(attempt());
        expect(error.code).toBe('DELIVERY_FAILURE');
        expect(error.message).toMatch(reason);
      }
    });
  });

  describe.each(cases.filter(({ hopeless }) => hopeless))('$name', ({ url: urlOf, reason }) => {
    it('fails a call and a server at once with any number of retries', async () => {
      const { transport } = connect(urlOf());
      const call = await failure(new RPCClient(transport, target).call({}, 'method'));
      expect(call).toMatchObject({
        code: 'DELIVERY_FAILURE',
        method: 'method',
        message: expect.stringMatching(reason),
      });
      const server = getRpcServer(transport, target.with({ server: 'one' }), [{ method: () => 1 }]);
      const listening = await failure(server.start());
      expect(listening).toMatchObject({ code: 'SERVER_LISTEN', message: expect.stringMatching(reason) });
    });
  });

  describe.each(cases.filter(({ hopeless }) => !hopeless))('$name', ({ url: urlOf, reason }) => {
    it('fails a call and a server at their deadline, and says why', async () => {
      const { transport } = connect(urlOf(), 1.2);
      const call = failure(new RPCClient(transport, target).call({}, 'method'));
      const server = getRpcServer(transport, target.with({ server: 'one' }), [{ method: () => 1 }]);
      const listening = failure(server.start());
      expect(await call).toMatchObject({ code: 'TIMEOUT', message: expect.stringMatching(reason) });
      expect(await listening).toMatchObject({ code: 'SERVER_LISTEN', message: expect.stringMatching(reason) });
    });
  });

  it('is retried after random delays that grow up to their bound', async () => {
    const tries: number[] = [];
    const closingServer = createServer((socket) => {
      tries.push(performance.now());
      socket.resetAndDestroy();
    });
    await new Promise<void>((resolve) => closingServer.listen(0, '127.0.0.1', resolve));
    const rabbit = { rabbitRetryInterval: '20ms', rabbitRetryBackoff: '150ms', rabbitIntervalMax: '300ms' };
    const { transport } = connect(url('127.0.0.1', (closingServer.address() as { port: number }).port), 4, rabbit);
    await failure(new RPCClient(transport, target).call({}, 'method'));
    closingServer.close();
    const waits = tries.slice(1).map((at, n) => at - (tries[n] ?? 0));
    // From the fifth on they are at their bound, which jitter makes a quarter of at the least. Without it, each would be
    // 600 ms on average, and there was time for three.
    const later = waits.slice(5).sort((a, b) => a - b);
    expect(later.length).toBeGreaterThan(4);
    expect(later[0]).toBeGreaterThan(70);
    expect(later[Math.floor(later.length / 2)]).toBeLessThan(450);
    expect((later.at(-1) ?? 0) - (later[0] ?? 0)).toBeGreaterThan(20);
    expect(waits[0]).toBeLessThan(later.at(-1) ?? 0);
  });

  it('is not retried beyond a given number of retries', async () => {
    const { transport } = connect(url('127.0.0.1', deadPort));
    const client = new RPCClient(transport, target, { retry: 1 });
    const error = await failure(client.cast({}, 'method'));
    expect(error.message).toMatch(/no retries are left.*ECONNREFUSED/);
    expect(lines.filter((line) => line.includes('ECONNREFUSED'))).toHaveLength(2);
  });

  it('does not matter if another host of the URL answers', async () => {
    const { host } = new URL(rabbitUrl.replace('rabbit:', 'http:'));
    for (const query of ['', '?kombu_failover_strategy=shuffle']) {
      const hosts = `user:${PASSWORD}@127.0.0.1:${deadPort},guest:guest@${host},user:${PASSWORD}@no-such-host.invalid`;
      const { transport } = connect(`rabbit://${hosts}/${query}`);
      const server = getRpcServer(transport, target.with({ server: 'one' }), [{ method: () => 'fine' }]);
      await server.start();
      cleanups.push(() => server.stop());
      expect(await new RPCClient(transport, target, { retry: 0 }).call({}, 'method')).toBe('fine');
      await server.stop();
    }
  });

  it('gets another error than an exchange without permission to publish', async () => {
    const exchange = uniqueTopic('exchange');
    const internal = { durable: false, internal: true };
    await withChannel(rabbitUrl, (channel) => channel.assertExchange(exchange, 'topic', internal));
    cleanups.push(() => withChannel(rabbitUrl, (channel) => channel.deleteExchange(exchange)));
    const { transport } = connect(rabbitUrl);
    const cast = new RPCClient(transport, target.with({ exchange }), { retry: 0 }).cast({}, 'method');
    expect(await failure(cast)).toMatchObject({ code: 'DELIVERY_FAILURE', message: expect.stringMatching(/40[36]/) });
    await new RPCClient(transport, target, { retry: 0 }).cast({}, 'method');
  });
});

/** Never silent for long, so that no idle socket tells: a large frame, byte by byte. */
function speakForEver(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.write(Buffer.of(1, 0, 0, 0, 0, 0x0f, 0));
  const speaking = setInterval(() => socket.write(Buffer.of(0)), 50);
  socket.on('close', () => clearInterval(speaking));
}
