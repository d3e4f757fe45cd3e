import 'reflect-metadata';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { ConfigurationError, OsloMessagingModule, OsloServer, RpcEndpoint, RpcMethod } from 'nestjs-oslo-messaging';
import { afterEach, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';

@RpcEndpoint()
class Served {
  @RpcMethod()
  run(): string {
    return 'served';
  }
}

@RpcEndpoint({ transport: 'nowhere' })
class Misnamed {
  @RpcMethod()
  run(): void {}
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
});

function application(...controllers: Type[]) {
  const logger = new LogRecorder();
  const topic = uniqueTopic();
  @Module({
    imports: [OsloMessagingModule.forRoot({ transportUrl: `memory://${topic}/`, topic, logger })],
    controllers,
  })
  class App {}
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const problems = () => logger.lines.filter(({ level }) => level === 'warn' || level === 'error');
  const later = async () => {
    await vi.advanceTimersByTimeAsync(10_000);
    return problems();
  };
  return { App, later };
}

it('says nothing of endpoints in an application context, which cannot serve them', async () => {
  const { App, later } = application(Served);
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  closing.push(() => app.close());
  expect(await later()).toEqual([]);
});

it.each([
  [
    'that does not listen',
    () => ({ strategy: new OsloServer({ transportUrl: 'memory://', topic: uniqueTopic() }) }),
    'Not served: Served: the OsloServer does not listen. Call app.listen()',
  ],
  [
    'with another transport',
    () => ({ transport: Transport.TCP }),
    'Not served: Served: the application has no OsloServer. Create the application with { strategy: new OsloServer(options) }',
  ],
] as const)('warns of endpoints in a microservice %s', async (_name, options, message) => {
  const { App, later } = application(Served);
  const app = await NestFactory.createMicroservice(App, { ...options(), logger: false } as never);
  closing.push(() => app.close());
  await app.init();
  expect(await later()).toEqual([{ level: 'warn', message }]);
});

async function hybrid(App: Type) {
  const app = await NestFactory.create(App, { logger: false });
  closing.push(() => app.close());
  await app.init();
  return app;
}

it('warns of endpoints in an application without an OsloServer', async () => {
  const { App, later } = application(Served);
  const app = await hybrid(App);
  app.connectMicroservice({ transport: Transport.TCP });
  expect(await later()).toEqual([
    {
      level: 'warn',
      message:
        'Not served: Served: the application has no OsloServer. Connect it: app.connectMicroservice({ strategy: app.get(OsloServer) })',
    },
  ]);
});

it('warns of an OsloServer that was connected but never started', async () => {
  const { App, later } = application(Served);
  const app = await hybrid(App);
  app.connectMicroservice({ strategy: app.get(OsloServer) });
  expect(await later()).toEqual([
    {
      level: 'warn',
      message: 'Not served: Served: the OsloServer does not listen. Call app.startAllMicroservices()',
    },
  ]);
});

it('says nothing of a server that is connected after the start, nor of an application without endpoints', async () => {
  const { App, later } = application(Served);
  const app = await hybrid(App);
  app.connectMicroservice({ strategy: app.get(OsloServer) });
  await app.startAllMicroservices();
  expect(await later()).toEqual([]);
  const without = application();
  await hybrid(without.App);
  expect(await without.later()).toEqual([]);
});

it('reports an endpoint of an unknown broker where the server is connected after the start', async () => {
  const { App, later } = application(Served, Misnamed);
  const app = await hybrid(App);
  app.connectMicroservice({ strategy: app.get(OsloServer) });
  await app.startAllMicroservices();
  expect(await later()).toEqual([
    {
      level: 'error',
      message: expect.stringMatching(/^Misnamed.run names the transport "nowhere", which is no forRoot/),
    },
  ]);
});

it('starts no timer that a closed application would leave behind', async () => {
  const { App, later } = application(Served);
  const app = await hybrid(App);
  await app.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(await later()).toEqual([]);
});

it.each([
  ['with a controller', [Served]],
  ['without controllers', []],
])('refuses the class as a strategy, %s', async (_name, controllers) => {
  const { App } = application(...controllers);
  const start = async () => {
    const app = await NestFactory.createMicroservice(App, { strategy: OsloServer as never, logger: false });
    await app.listen();
  };
  const error: unknown = await start().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error)).toMatch(/expected an instance of OsloServer; got the class.*app\.get\(OsloServer\)/);
});
