import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import {
  BackingOffClient,
  getRpcClientToken,
  OsloMessagingHealth,
  OsloMessagingModule,
  OsloServer,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';

@RpcEndpoint()
class Served {
  @RpcMethod()
  run(): string {
    return 'served';
  }
}

describe('Nest 11.0, which does not register the strategies that it binds', () => {
  const registry = Object.getOwnPropertyDescriptor(ModulesContainer.prototype, 'getRpcTargetRegistry');
  const closing: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    Reflect.deleteProperty(ModulesContainer.prototype, 'getRpcTargetRegistry');
  });

  afterEach(async () => {
    vi.useRealTimers();
    for (const close of closing.splice(0).reverse()) await close();
    if (registry) Object.defineProperty(ModulesContainer.prototype, 'getRpcTargetRegistry', registry);
  });

  async function hybrid() {
    const logger = new LogRecorder();
    const topic = uniqueTopic();
    const transportUrl = `memory://${topic}/`;
    @Module({
      imports: [
        OsloMessagingModule.forRoot({ transportUrl, topic, logger }),
        OsloMessagingModule.forFeature([{ target: { topic } }]),
      ],
      controllers: [Served],
    })
    class App {}
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const app = await NestFactory.create(App, { logger: false });
    closing.push(() => app.close());
    await app.init();
    const call = () => app.get<BackingOffClient>(getRpcClientToken(topic)).call({}, 'run');
    const problems = () => logger.lines.filter(({ level }) => level === 'warn' || level === 'error');
    return { app, call, problems, options: { transportUrl, topic, logger } };
  }

  it('serves by the server of the module, and health awaits its start', async () => {
    const { app, call, problems } = await hybrid();
    app.connectMicroservice({ strategy: app.get(OsloServer) });
    const [server] = app.getMicroservices();
    await server?.init();
    expect(app.get(OsloMessagingHealth).check()).toMatchObject({ healthy: false, status: 'connecting' });
    await app.startAllMicroservices();
    expect(await call()).toBe('served');
    expect(app.get(OsloMessagingHealth).check()).toMatchObject({ healthy: true, status: 'connected' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(problems()).toEqual([]);
  });

  it('serves by a server that is made by hand, and warns of nothing', async () => {
    const { app, call, problems, options } = await hybrid();
    app.connectMicroservice({ strategy: new OsloServer(options) });
    await app.startAllMicroservices();
    expect(await call()).toBe('served');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(problems()).toEqual([]);
  });
});
