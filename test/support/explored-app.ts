import 'reflect-metadata';
import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  type BackingOffClient,
  call,
  cast,
  defineRpcApi,
  getRpcClientToken,
  OsloMessagingModule,
  type OsloMessagingOptions,
  OsloServer,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { OsloExplorerModule, type OsloExplorerOptions } from 'nestjs-oslo-messaging/explorer';
import * as z from 'zod';
import { ExplorerClient } from './explorer-page.js';
import { LogRecorder } from './log-recorder.js';

/** Framework of an application. */
export type Framework = 'express' | 'fastify';

/** Settings of an {@link ExploredApp}. */
export interface ExploredAppSettings {
  readonly framework?: Framework;
  readonly topic: string;
  readonly options?: OsloMessagingOptions;
  readonly explorer?: OsloExplorerOptions;
  /** Changes the application before it starts. */
  readonly prepare?: (app: INestApplication) => void;
}

/** Application with an explorer, which serves a topic and calls it. */
export interface ExploredApp {
  readonly app: INestApplication;
  readonly client: BackingOffClient;
  readonly log: LogRecorder;
  /** Address of the server, without a path. */
  readonly url: string;
  /** Page of the explorer. */
  page(path?: string): ExplorerClient;
}

/** Starts an application. Its topic answers `add`, `note`, `fail` and `login`. */
export async function exploredApp(settings: ExploredAppSettings): Promise<ExploredApp> {
  const { framework = 'express', topic, options = {}, explorer, prepare } = settings;
  const api = defineRpcApi({
    topic,
    version: '1.2',
    methods: {
      add: call({
        args: z.object({ a: z.number().describe('first'), b: z.number() }),
        result: z.number(),
        since: '1.1',
      }),
      note: cast<{ text: string }>(),
      fail: call<{ password: string }, void>(),
      login: call<{ password: string; auth_token: string }, { token: string; welcome: string }>(),
    },
  });

  @RpcEndpoint(api)
  class Calculator {
    add(@RpcArg('a') a: number, @RpcArg('b') b: number): number {
      return a + b;
    }
    note(@RpcArg('text') _text: string): void {}
    fail(@RpcArg('password') password: string): void {
      throw new Error(`cannot log in with ${password}`);
    }
    login(@RpcArg('password') password: string, @RpcArg('auth_token') token: string) {
      return { token, welcome: `you came with ${password}` };
    }
  }

  @RpcEndpoint({ namespace: 'plain', version: '2.0' })
  class Plain {
    @RpcMethod()
    echo(@RpcArg('text') text: string): string {
      return text;
    }
  }

  @Controller()
  class Web {
    @Get('hello')
    hello(): string {
      return 'hello';
    }
  }

  @Module({
    imports: [
      OsloMessagingModule.forRoot({ host: 'h1', topic, rpcResponseTimeout: 10, ...options }),
      OsloMessagingModule.forFeature([{ target: { topic, version: '1.0' } }]),
      OsloExplorerModule.register(explorer),
    ],
    controllers: [Calculator, Plain, Web],
  })
  class AppModule {}

  const log = new LogRecorder();
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .setLogger(log)
    .compile();
  const app =
    framework === 'express'
      ? module.createNestApplication<NestExpressApplication>()
      : module.createNestApplication(new FastifyAdapter());
  prepare?.(app);
  await app.init();
  app.connectMicroservice({ strategy: app.get(OsloServer) }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    client: app.get<BackingOffClient>(getRpcClientToken(topic)),
    log,
    url,
    page: (path = '/rpc/') => new ExplorerClient(`${url}${path}`),
  };
}
