import { createServer } from 'node:net';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  cleanup,
  getClient,
  getNotificationListener,
  getRpcTransport,
  getServer,
  init,
  Notifier,
  OsloClientProxy,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloMessagingTransports,
  OsloRecord,
  OsloServer,
  RequestContext,
  RPCClient,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../testkit/free-port.js';
import { describeWithRabbitControl, rabbitControl, rabbitPort, uniqueTopic } from '../support/environment.js';
import { LogRecorder } from '../support/log-recorder.js';
import { expectNoSecrets, viewsOf } from '../support/secrets.js';

const PASSWORD = 'pa55-of-the-broker';
const TOKEN = 'gAAAAAB-token-of-somebody';

@RpcEndpoint()
class Endpoint {
  @RpcMethod()
  fail(): never {
    throw new Error('on purpose');
  }
}

describeWithRabbitControl('the password of a connected broker', () => {
  const user = uniqueTopic('user');
  const transportUrl = `rabbit://${user}:${PASSWORD}@127.0.0.1:${rabbitPort}/`;
  const log = new LogRecorder();
  const options: OsloMessagingOptions = { transportUrl, host: 'h', logger: log, rpcResponseTimeout: 5 };
  const endings: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    await rabbitControl?.rabbitmqctl('add_user', user, PASSWORD);
    await rabbitControl?.rabbitmqctl('set_permissions', user, '.*', '.*', '.*');
  });
  afterAll(async () => {
    for (const end of endings.reverse()) await end();
    await rabbitControl?.rabbitmqctl('delete_user', user);
  });

  it.each(['AMQPLAIN', 'PLAIN'] as const)(
    'does not appear in objects that have logged in by %s',
    async (rabbitLoginMethod) => {
      const transport = getRpcTransport({ ...options, rabbit: { rabbitLoginMethod } });
      endings.push(() => transport.cleanup());
      const target = new Target({ topic: uniqueTopic('secrets') });
      const client = new BackingOffClient(transport, target);
      const error = await client.call({}, 'method').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'UNDELIVERABLE' });
      const notifier = new Notifier(transport, { publisherId: 'p', topics: [uniqueTopic('notifications')] });
      await notifier.info({}, 'event', {});
      const listener = getNotificationListener(transport, [target], [{ info: () => undefined }]);
      const seen = [transport, transport.settings, client, client.prepare({ timeout: 1 }), notifier, listener, error];
      for (const one of seen) expectNoSecrets(viewsOf(one), [PASSWORD]);
      // Not public, and in the heap dump of anybody: at least no look shows it.
      expectNoSecrets(viewsOf(Reflect.get(transport, 'driver')), [PASSWORD]);
    },
  );

  it('does not appear in a Nest application', async () => {
    const topic = uniqueTopic('secrets');
    const root = OsloMessagingModule.forRoot({ ...options, topic });
    const feature = OsloMessagingModule.forFeature([{ target: { topic }, token: 'client' }, { publisherId: 'p' }]);
    const module = await Test.createTestingModule({ imports: [root, feature], controllers: [Endpoint] }).compile();
    const strategy = module.get(OsloServer);
    const app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false });
    await app.listen();
    endings.push(() => app.close());
    const proxy = new OsloClientProxy({ ...options, topic });
    endings.push(() => proxy.close());
    const error = await new Promise((resolve) => proxy.send('fail', {}).subscribe({ error: resolve }));
    expect(error).toMatchObject({ value: 'on purpose' });
    const asynchronous = OsloMessagingModule.forRootAsync({ useFactory: () => options });
    const seen = [root, asynchronous, feature, strategy, proxy, error, module.get(OsloMessagingTransports)];
    for (const one of seen) expectNoSecrets(viewsOf(one, 8), [PASSWORD]);
    // The container holds all providers, and much of Nest besides.
    for (const one of [module, app]) expectNoSecrets(viewsOf(one, 5), [PASSWORD]);
  });

  it('does not appear in the default runtime', async () => {
    init(options);
    endings.push(cleanup);
    const target = new Target({ topic: uniqueTopic('secrets'), server: 'h' });
    const server = getServer(target, [{ method: () => 1 }]);
    await server.start();
    endings.push(() => server.stop());
    const client = getClient(target);
    expect(await client.call({}, 'method')).toBe(1);
    for (const one of [server, client]) expectNoSecrets(viewsOf(one), [PASSWORD]);
  });

  it('does not appear in the log', () => {
    expect(log.lines.length).toBeGreaterThan(0);
    expectNoSecrets(
      log.lines.map(({ message }) => message),
      [PASSWORD],
    );
  });
});

describe('the password in a transport URL', () => {
  /** An unescaped password reaches up to the last "@". */
  it.each([
    ['in its place', (password: string) => `rabbit://user:${password}@127.0.0.1:x/`],
    ['with an "@"', (password: string) => `rabbit://user:a@${password}@127.0.0.1/?unknown=1`],
    ['with a slash', (password: string) => `rabbit://user:a/${password}@127.0.0.1/`],
    ['in front of a slash', (password: string) => `rabbit://user:${password}/b@127.0.0.1/`],
    ['with a comma', (password: string) => `rabbit://user:${password},b@127.0.0.1/`],
    ['with a question mark', (password: string) => `rabbit://user:a?${password}@127.0.0.1/`],
    ['in front of a question mark', (password: string) => `rabbit://user:${password}?/b@127.0.0.1/`],
    ['with a number sign', (password: string) => `rabbit://user:${password}#b@127.0.0.1/`],
    ['with a malformed escape', (password: string) => `rabbit://user:${password}%zz@127.0.0.1/`],
    ['with a bracket', (password: string) => `rabbit://user:${password}@[::1/`],
    ['with a line break', (password: string) => `rabbit://user:${password}\n@127.0.0.1:x/`],
    ['without a host', (password: string) => `rabbit://user:${password}`],
    ['without a scheme', (password: string) => `user:${password}@127.0.0.1`],
    ['without scheme and host', (password: string) => `user:${password}`],
    ['of an unknown scheme', (password: string) => `http://user:${password}@127.0.0.1/`],
    ['of the second host', (password: string) => `rabbit://a:b@one,user:${password}@two:x/`],
    ['behind a bad port', (password: string) => `rabbit://one:99999,user:${password}@two/`],
    ['with an unknown parameter', (password: string) => `rabbit://user:${password}@127.0.0.1/?unknown=1`],
    ['in a parameter', (password: string) => `rabbit://127.0.0.1/?rabbit_password=${password}`],
  ])('does not appear in the error about it: %s', (_name, urlWith) => {
    const refusal = () => getRpcTransport({ transportUrl: urlWith(PASSWORD) });
    expect(refusal).toThrow(/^(Transport URL|No driver|Unknown transport URL parameter)/);
    expect.assertions(1);
    try {
      refusal();
    } catch (error) {
      expectNoSecrets(viewsOf(error), [PASSWORD]);
    }
  });

  it.each([
    ['options that are the URL', (url: string) => url],
    ['a list of URLs', (url: string) => ({ transportUrl: [url] })],
    ['a URL object', (url: string) => ({ transportUrl: new URL(url) })],
    ['an object with one', (url: string) => ({ transportUrl: { url } })],
    ['notifications', (url: string) => ({ notificationTransportUrl: [url] })],
    ['rabbit', (url: string) => ({ rabbit: url })],
    ['rabbit.sslCaFile', (url: string) => ({ rabbit: { sslCaFile: [url] } })],
    ['logger', (url: string) => ({ logger: url })],
    ['host', (url: string) => ({ host: { url } })],
    ['an unknown option', (url: string) => ({ url })],
  ])('does not appear in the error about an option: %s', (_name, optionsWith) => {
    const options = optionsWith(`rabbit://user:${PASSWORD}@127.0.0.1/`) as OsloMessagingOptions;
    for (const make of [getRpcTransport, (given: OsloMessagingOptions) => new OsloServer(given)]) {
      let thrown: unknown;
      try {
        make(options);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: 'CONFIGURATION' });
      expectNoSecrets(viewsOf(thrown), [PASSWORD]);
    }
  });

  it('is masked, while the hosts stay readable', () => {
    const transport = getRpcTransport({ transportUrl: `rabbit://user:${PASSWORD}@one:1,two,u:p@[::1]:3/v?ssl=1` });
    expect(String(transport)).toBe('<Transport rabbit://***@one:1,two,***@[::1]:3/v?ssl=1>');
    expect(JSON.stringify(transport.settings)).toContain('rabbit://***@one:1,two,***@[::1]:3/v?ssl=1');
  });

  it('does not appear in the errors of unreachable hosts, or in the log', async () => {
    const [dead, silentServer] = [await freePort(), createServer()];
    await new Promise<void>((resolve) => silentServer.listen(0, '127.0.0.1', resolve));
    const { port } = silentServer.address() as { port: number };
    const credentials = `user:${encodeURIComponent(PASSWORD)}`;
    const log = new LogRecorder();
    const transport = getRpcTransport({
      transportUrl: `rabbit://${credentials}@localhost:${dead},${credentials}@127.0.0.1:${port},${credentials}@no-such-host.invalid/`,
      rabbit: { connectTimeout: '300ms' },
      logger: log,
    });
    const client = new RPCClient(transport, new Target({ topic: 't' }), { retry: 0 });
    const error = await client.call({}, 'method').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'DELIVERY_FAILURE' });
    expect((error as Error).cause).toBeInstanceOf(Error);
    expect(log.lines.length).toBeGreaterThan(0);
    expectNoSecrets([...viewsOf(error), ...log.lines.map(({ message }) => message)], [PASSWORD]);
    await transport.cleanup();
    silentServer.close();
  });
});

describe('a token of a request context', () => {
  const context = { auth_token: TOKEN, nested: { service: [{ secret: { deep: TOKEN } }] } };

  it('does not appear in a log line about a handler that quotes it, at any depth of the context', async () => {
    const log = new LogRecorder();
    const strategy = new OsloServer({ transportUrl: `memory://${uniqueTopic('secrets')}`, topic: 't', logger: log });
    const transport = strategy.unwrap();
    const server = strategy as unknown as { listen(callback: (error?: unknown) => void): Promise<void> };
    strategy.addHandler('quote', async () => {
      throw new Error(`the token ${TOKEN} has expired`);
    });
    await server.listen((error) => expect(error).toBeUndefined());
    const client = new RPCClient(transport, new Target({ topic: 't' }));
    for (const held of [{ auth_token: TOKEN }, { nested: context.nested }]) {
      await expect(client.call(held, 'quote')).rejects.toThrow('has expired');
    }
    expect(log.messages(/the token \*\*\* has expired/)).toHaveLength(2);
    expectNoSecrets(
      log.lines.map(({ message }) => message),
      [TOKEN],
    );
    await strategy.close();
  });

  it('does not appear in objects that carry it, under any name of the keys beside it', () => {
    for (const odd of [{}, { toJSON: 1 }, { toString: 1, inspect: 1, constructor: 1 }]) {
      const carried = RequestContext.fromDict({ ...context, ...odd });
      const record = new OsloRecord({ x: 1 }, { context: carried });
      for (const view of [carried, record]) expectNoSecrets(viewsOf(view).slice(0, 4), [TOKEN]);
    }
  });
});
