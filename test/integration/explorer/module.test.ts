import type { ServerResponse } from 'node:http';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ConfigurationError, OsloMessagingModule, OsloServer } from 'nestjs-oslo-messaging';
import { OsloExplorerModule } from 'nestjs-oslo-messaging/explorer';
import { afterEach, expect, it } from 'vitest';
import { ROUTES } from '../../../lib/explorer/protocol.js';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { exploredApp } from '../../support/explored-app.js';
import { ExplorerClient } from '../../support/explorer-page.js';
import { held, more } from '../../support/leftovers.js';
import { LogRecorder } from '../../support/log-recorder.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const root = () => OsloMessagingModule.forRoot({ host: 'h1', topic: uniqueTopic(), transportUrl: 'memory://' });

it('takes its options from a function with injected services', async () => {
  const explorer = OsloExplorerModule.registerAsync({
    path: '/tools/rpc',
    inject: [OsloServer],
    useFactory: async (server: OsloServer) => ({ title: `explorer of ${server.transports.rpc.settings.host}` }),
  });
  const module = await Test.createTestingModule({ imports: [root(), explorer] }).compile();
  const app = module.createNestApplication({ logger: false });
  closing.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  const page = new ExplorerClient(`${await app.getUrl()}/tools/rpc/`);
  expect((await page.snapshot()).title).toBe('explorer of h1');
});

it.each([
  [{ pathh: '/rpc' }, 'Unknown explorer option "pathh"; did you mean "path"?'],
  [{ path: '/a/../b' }, 'Explorer option "path": expected a path such as /rpc'],
  [{ path: 'a b' }, 'Explorer option "path": expected a path such as /rpc'],
  [{ guards: ['x'] }, 'Explorer option "guards": expected an array of guards'],
  [{ readOnly: 'no' }, 'Explorer option "readOnly": expected true or false; got "no"'],
  [{ managementUrl: 'mq' }, 'Explorer option "managementUrl": expected a URL'],
  [{ maxClients: 0 }, 'Explorer option "maxClients": expected an integer from 1 to 100; got 0'],
])('refuses the options %j', (options, message) => {
  expect(() => OsloExplorerModule.register(options as never)).toThrow(ConfigurationError);
  expect(() => OsloExplorerModule.register(options as never)).toThrow(message);
});

it('refuses options of a function at the start', async () => {
  const explorer = OsloExplorerModule.registerAsync({ useFactory: () => ({ readonly: true }) as never });
  await expect(Test.createTestingModule({ imports: [root(), explorer] }).compile()).rejects.toThrow(
    'Unknown explorer option "readonly"; did you mean "readOnly"?',
  );
  expect(() => OsloExplorerModule.registerAsync({} as never)).toThrow('useFactory is missing');
});

it('is imported once in an application, beside OsloMessagingModule', async () => {
  const explorers = [OsloExplorerModule.register({ path: 'a' }), OsloExplorerModule.register({ path: 'b' })];
  const twice = await Test.createTestingModule({ imports: [root(), ...explorers] }).compile();
  await expect(twice.createNestApplication({ logger: false }).init()).rejects.toThrow('import it once');
  const alone = await Test.createTestingModule({ imports: [OsloExplorerModule.register()] }).compile();
  await expect(alone.createNestApplication({ logger: false }).init()).rejects.toThrow('needs OsloMessagingModule');
});

it('says that it cannot serve without HTTP', async () => {
  const log = new LogRecorder();
  const module = await Test.createTestingModule({ imports: [root(), OsloExplorerModule.register()] })
    .setLogger(log)
    .compile();
  const app = module.createNestMicroservice({ strategy: module.get(OsloServer) });
  closing.push(() => app.close());
  await app.listen();
  expect(log.messages(/explorer/, 'warn')).toEqual([
    'The explorer is off: the application has no HTTP server. Make it with NestFactory.create() and connectMicroservice(), or run oslo-rpc explore --url URL',
  ]);
});

it('observes servers that are connected late, and made by hand', async () => {
  const topic = uniqueTopic('late');
  const explored = await exploredApp({ topic });
  closing.push(() => explored.app.close());
  const hand = uniqueTopic('hand');
  explored.app.connectMicroservice({
    strategy: new OsloServer({ host: 'h2', topic: hand, transportUrl: 'memory://' }),
  });
  await explored.app.startAllMicroservices().catch(() => undefined);
  await eventually(async () => {
    const { transports } = await explored.page().snapshot();
    expect(transports).toHaveLength(4);
  });
});

it('leaves nothing behind', async () => {
  const before = held();
  for (let round = 0; round < 3; round++) {
    const { app, client, page } = await exploredApp({ topic: uniqueTopic('left') });
    const one = page();
    await one.open();
    await client.cast({}, 'note', { text: 'x' });
    await one.event('tick');
    await app.close();
    one.close();
  }
  await eventually(() => expect(more(held(), before)).toEqual({}));
});

it('costs nothing and answers nothing where it is disabled', async () => {
  const { page, app } = await exploredApp({ topic: uniqueTopic('off'), explorer: { enabled: false } });
  closing.push(() => app.close());
  expect((await page().ask(ROUTES.snapshot)).status).toBe(404);
  const { rpc } = app.get(OsloServer).transports;
  expect(rpc.observer.current).toBeUndefined();
});

it('accepts a module whose exports a guard needs', async () => {
  class Key {
    readonly value = 'right';
  }
  @Module({ providers: [Key], exports: [Key] })
  class KeyModule {}
  const { Inject, Injectable } = await import('@nestjs/common');
  @Injectable()
  class Guard {
    constructor(@Inject(Key) private readonly key: Key) {}
    canActivate(): boolean {
      return this.key.value !== 'right';
    }
  }
  const { page, app } = await exploredApp({
    topic: uniqueTopic('guarded'),
    explorer: { guards: [Guard], imports: [KeyModule] },
  });
  closing.push(() => app.close());
  expect((await page().ask('')).status).toBe(403);
});

/** Keeps what is written until the end, unless the answer forbids to transform it: middleware that compresses does so. */
function buffering(_request: unknown, response: ServerResponse, next: () => void): void {
  const { write, end } = response;
  const kept: Buffer[] = [];
  const mayTransform = () => !String(response.getHeader('cache-control') ?? '').includes('no-transform');
  response.write = ((chunk: string, ...rest: unknown[]) => {
    if (!mayTransform()) return Reflect.apply(write, response, [chunk, ...rest]) as boolean;
    kept.push(Buffer.from(chunk));
    return true;
  }) as typeof write;
  response.end = ((chunk?: string, ...rest: unknown[]) => {
    if (mayTransform() && !response.headersSent) response.setHeader('x-buffered', 'yes');
    for (const one of kept.splice(0)) Reflect.apply(write, response, [one]);
    return Reflect.apply(end, response, [chunk, ...rest]) as ServerResponse;
  }) as typeof end;
  next();
}

it('sends its events through middleware that compresses', async () => {
  const explored = await exploredApp({ topic: uniqueTopic(), prepare: (app) => app.use(buffering) });
  closing.push(() => explored.app.close());
  const other = await explored.page('/').ask('hello');
  expect(other).toMatchObject({ text: 'hello', headers: { 'x-buffered': 'yes' } });
  const page = explored.page();
  closing.push(() => page.close());
  await page.open();
  await page.event('tick', () => true);
  expect((await page.ask('assets/page.js')).headers['x-buffered']).toBeUndefined();
});
