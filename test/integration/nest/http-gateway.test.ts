import 'reflect-metadata';
import type { Server } from 'node:http';
import { Controller, Get, Header, Param } from '@nestjs/common';
import { type AbstractHttpAdapter, APP_FILTER } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  type BackingOffClient,
  InjectRpcClient,
  OsloMessagingHealth,
  OsloMessagingModule,
  OsloServer,
  RemoteException,
  RemoteExceptionFilter,
  RequestContext,
  RPCVersionCapError,
  RpcArg,
  RpcEndpoint,
  RpcMethod,
  ServerOverloaded,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';
import { deferred } from './served-controllers.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

@RemoteException({ module: 'gateway.exceptions' })
class GatewayVnfNotFound extends Error {}

/** Exception of a module that the gateway does not allow: it arrives as a RemoteError. */
@RemoteException({ module: 'gateway.hidden' })
class GatewayConflict extends Error {}

@RpcEndpoint()
class Vnfs {
  static started = deferred<void>();
  /** Ends the handlers that wait. */
  static finish = deferred<object>();

  @RpcMethod()
  run(@RpcArg('what') what: string): unknown {
    switch (what) {
      case 'greet':
        return { hello: 'gateway' };
      case 'missing':
        throw new GatewayVnfNotFound('no VNF of that id');
      case 'conflict':
        throw new GatewayConflict('it is being healed, with token=abcdefgh1234');
      case 'wait':
        Vnfs.started.resolve();
        return Vnfs.finish.promise;
      default:
        throw new Error(`no such thing: ${what}`);
    }
  }
}

@Controller()
class Web {
  constructor(@InjectRpcClient('gateway') private readonly rpc: BackingOffClient) {}

  @Get('run/:what')
  run(@Param('what') what: string): Promise<unknown> {
    return this.rpc.call(new RequestContext(), 'run', { what });
  }

  @Get('never')
  never(): Promise<unknown> {
    return this.rpc.prepare({ timeout: '50ms' }).call({}, 'run', { what: 'wait' });
  }

  @Get('nobody')
  nobody(): Promise<unknown> {
    return this.rpc.prepare({ topic: 'nobody-listens' }).call({}, 'run', {});
  }

  @Get('capped')
  capped(): Promise<unknown> {
    return this.rpc.prepare({ version: '1.5', versionCap: '1.2' }).call({}, 'run', {});
  }

  @Get('here')
  here(): never {
    throw new GatewayVnfNotFound('thrown by the gateway itself');
  }

  @Get('overloaded')
  overloaded(): never {
    throw new ServerOverloaded('the call waited too long');
  }

  @Get('bug')
  bug(): never {
    throw new TypeError('a bug of the gateway');
  }

  @Get('csv')
  @Header('content-type', 'text/csv')
  csv(): Promise<unknown> {
    return this.rpc.call({}, 'run', { what: 'missing' });
  }
}

const statuses = { GatewayVnfNotFound: 404, 'gateway.hidden.GatewayConflict': 409 };
const platforms: [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe.each(platforms)('a gateway on %s', (_name, makeAdapter) => {
  async function start(filter: RemoteExceptionFilter | 'as a class' | 'as a provider') {
    Vnfs.started = deferred();
    Vnfs.finish = deferred();
    const topic = uniqueTopic('gateway');
    const allowedRemoteExmods = ['gateway.exceptions'];
    const options = { transportUrl: `memory:///${topic}`, topic, host: 'one', logger: silent, allowedRemoteExmods };
    const module = await Test.createTestingModule({
      imports: [
        OsloMessagingModule.forRoot({ ...options, drainTimeout: 10 }),
        OsloMessagingModule.forFeature([{ target: { topic }, token: 'gateway' }]),
      ],
      controllers: [Vnfs, Web],
      providers: [
        ...(filter === 'as a class' ? [{ provide: APP_FILTER, useClass: RemoteExceptionFilter }] : []),
        ...(filter === 'as a provider'
          ? [{ provide: APP_FILTER, useFactory: () => new RemoteExceptionFilter(statuses) }]
          : []),
      ],
    }).compile();
    const app = module.createNestApplication(makeAdapter(), { logger: false });
    closing.push(() => {
      Vnfs.finish.resolve({});
      return app.close();
    });
    if (typeof filter === 'object') app.useGlobalFilters(filter);
    app.enableShutdownHooks();
    await app.init();
    app.connectMicroservice({ strategy: app.get(OsloServer) }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    // A close waits for clients that keep their connection: 5 s by default on Express, 72 s on Fastify.
    (app.getHttpServer() as Server).keepAliveTimeout = 50;
    const url = await app.getUrl();
    const get = async (path: string) => {
      const answer = await fetch(`${url}/${path}`);
      const type = answer.headers.get('content-type');
      return {
        status: answer.status,
        body: (await answer.json()) as unknown,
        isJson: type?.startsWith('application/json'),
      };
    };
    return { app, url, get };
  }

  const answer = (status: number, message: string, error: string, more: object = {}) => ({
    status,
    body: { statusCode: status, message, error, ...more },
    isJson: true,
  });

  it('calls its own endpoint, and answers with statuses for failures', async () => {
    const { get } = await start(new RemoteExceptionFilter(statuses));
    expect(await get('run/greet')).toEqual({ status: 200, body: { hello: 'gateway' }, isJson: true });
    expect(await get('run/missing')).toEqual(answer(404, 'no VNF of that id', 'Not Found'));
    expect(await get('here')).toEqual(answer(404, 'thrown by the gateway itself', 'Not Found'));
    expect(await get('run/conflict')).toEqual(answer(409, 'it is being healed, with token=***', 'Conflict'));
    expect(await get('run/other')).toEqual(answer(502, 'The service failed', 'Bad Gateway'));
    expect(await get('never')).toEqual(answer(504, 'The service did not answer in time', 'Gateway Timeout'));
    expect(await get('nobody')).toEqual(answer(503, 'The service is not available', 'Service Unavailable'));
    expect(await get('capped')).toEqual(answer(503, 'The service is not available', 'Service Unavailable'));
    expect(await get('overloaded')).toEqual(answer(503, 'The service is not available', 'Service Unavailable'));
    expect(await get('csv')).toEqual(answer(404, 'no VNF of that id', 'Not Found'));
    // Other exceptions stay Nest's.
    expect(await get('bug')).toMatchObject({ body: { statusCode: 500, message: 'Internal server error' } });
    expect(await get('absent')).toMatchObject({ body: { statusCode: 404, message: 'Cannot GET /absent' } });
  });

  it.each(['as a class', 'as a provider'] as const)('binds the filter %s', async (how) => {
    const { get } = await start(how);
    const status = how === 'as a class' ? 502 : 404;
    expect(await get('run/missing')).toMatchObject({ status, body: { statusCode: status } });
  });

  it('takes classes, another status for the rest, and its own errors; and gives details on demand', async () => {
    const { get } = await start(
      new RemoteExceptionFilter(
        [
          [GatewayVnfNotFound, 410],
          ['MessagingTimeout', 408],
          [RPCVersionCapError, 501],
        ],
        { unmapped: 500, details: true },
      ),
    );
    const traceback = expect.arrayContaining([expect.stringContaining('at ')]) as unknown;
    const missing = { exception: 'GatewayVnfNotFound', traceback };
    expect(await get('run/missing')).toEqual(answer(410, 'no VNF of that id', 'Gone', missing));
    const other = { exception: 'Exception', traceback };
    expect(await get('run/other')).toEqual(answer(500, 'no such thing: other', 'Internal Server Error', other));
    expect(await get('never')).toMatchObject({ status: 408, body: { exception: 'MessagingTimeout', traceback: [] } });
    expect(await get('capped')).toMatchObject({ status: 501 });
  });

  it('finishes its requests before it closes', async () => {
    const { app, get } = await start(new RemoteExceptionFilter());
    const waiting = get('run/wait');
    await Vnfs.started.promise;
    const health = app.get(OsloMessagingHealth);
    expect(health.check()).toMatchObject({ healthy: true, status: 'connected' });
    const close = app.close();
    await eventually(() => expect(health.check()).toMatchObject({ healthy: false, status: 'closed' }));
    Vnfs.finish.resolve({ is: 'finished' });
    expect(await waiting).toMatchObject({ status: 200, body: { is: 'finished' } });
    await close;
    await expect(get('run/greet')).rejects.toThrow();
  });
});
