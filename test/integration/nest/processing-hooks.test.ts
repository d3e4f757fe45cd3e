import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Test } from '@nestjs/testing';
import { getRpcClient, OsloServer, RemoteError, RpcArg, RpcEndpoint, RpcMethod, Target } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';

const store = new AsyncLocalStorage<string>();

@RpcEndpoint()
class Endpoint {
  static runs = 0;

  @RpcMethod()
  async where(@RpcArg('fail') fail = false): Promise<string> {
    Endpoint.runs++;
    await Promise.resolve();
    if (fail) throw new TypeError('as asked');
    return `in ${store.getStore()}`;
  }
}

describe('processing hooks', () => {
  const log = new LogRecorder();
  let server: OsloServer;
  let close: () => Promise<void>;
  let call: (args?: object, timeout?: string) => Promise<unknown>;

  beforeEach(async () => {
    log.clear();
    Endpoint.runs = 0;
    const topic = uniqueTopic();
    server = new OsloServer({ transportUrl: `memory://${topic}/`, topic, logger: log, rpcResponseTimeout: 5 });
    const module = await Test.createTestingModule({ controllers: [Endpoint] }).compile();
    const app = module.createNestMicroservice({ strategy: server, logger: false });
    await app.listen();
    close = () => app.close();
    const client = getRpcClient(server.unwrap(), new Target({ topic }));
    call = (args = {}, timeout = '5s') =>
      client
        .prepare({ timeout })
        .call({}, 'where', args)
        .catch((error: unknown) => (error instanceof RemoteError ? `${error.excType}: ${error.value}` : error));
  });

  afterEach(() => close());

  it('answer with the result of the work, for any return value of the start hook', async () => {
    const order: string[] = [];
    server.setOnProcessingEndHook(() => void order.push(`end in ${store.getStore()}`));
    server.setOnProcessingStartHook((_transport, _context, done) => {
      order.push('start');
      store.run('the store', done);
    });
    expect(await call()).toBe('in the store');
    expect(await call({ fail: true })).toBe('TypeError: as asked');
    expect(order).toEqual(['start', 'end in the store', 'start', 'end in the store']);
  });

  it('run the work once, when it is begun, with or without waiting for it', async () => {
    server.setOnProcessingStartHook(async (_transport, _context, done) => {
      await Promise.resolve();
      const both = [done(), done()];
      expect(both[0]).toBe(both[1]);
      await new Promise(() => undefined);
    });
    expect(await call()).toBe('in undefined');
    expect(Endpoint.runs).toBe(1);
  });

  it.each([
    ['throws', () => Promise.reject(new RangeError('refused'))],
    [
      'throws at once',
      () => {
        throw new RangeError('refused');
      },
    ],
  ])('refuse a request when the start hook %s', async (_name, hook) => {
    server.setOnProcessingStartHook(hook);
    expect(await call()).toBe('ValueError: refused');
    expect(Endpoint.runs).toBe(0);
  });

  it('answer when a hook fails after the work has begun, and log the failure', async () => {
    const fail = (text: string) => {
      throw new Error(text);
    };
    server.setOnProcessingStartHook((_transport, _context, done) => {
      void done();
      fail('late start');
    });
    server.setOnProcessingEndHook(() => fail('bad end'));
    expect(await call()).toBe('in undefined');
    expect(log.messages(/processing start hook failed.*late start/, 'error')).toHaveLength(1);
    expect(log.messages(/processing end hook failed.*bad end/, 'error')).toHaveLength(1);
  });

  it('refuse a request at its deadline if the start hook never begins the work', async () => {
    let late: (() => unknown) | undefined;
    server.setOnProcessingStartHook((_transport, _context, done) => {
      late = done;
    });
    expect(await call({}, '100ms')).toBeDefined();
    await eventually(() => expect(log.messages(/did not call done\(\) within/, 'error')).toHaveLength(1));
    expect(await late?.()).toBeUndefined();
    expect(Endpoint.runs).toBe(0);
  });
});
