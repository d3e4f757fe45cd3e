import 'reflect-metadata';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Controller, Get, Query } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  call,
  cast,
  defineRpcApi,
  getRpcApiClient,
  getRpcTransport,
  InvalidResult,
  MessagingTimeout,
  OsloServer,
  RemoteError,
  type RpcApi,
  type RpcApiClient,
  RpcArgs,
  RpcEndpoint,
  RpcMethod,
} from 'nestjs-oslo-messaging';
import { fakeRpcApi } from 'nestjs-oslo-messaging/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
});

/** Starts an endpoint on memory://. Returns a client of its API. */
async function start<Api extends RpcApi>(api: Api, controller: new () => object, http = false) {
  const url = `memory://${uniqueTopic()}/`;
  const module = await Test.createTestingModule({ controllers: [controller] }).compile();
  const strategy = new OsloServer({ transportUrl: url, logger: silent, concurrency: 1 });
  const app = http ? module.createNestApplication() : module.createNestMicroservice({ strategy, logger: false });
  closing.push(() => app.close());
  let address = '';
  if ('startAllMicroservices' in app) {
    app.connectMicroservice({ strategy });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    address = await app.getUrl();
  } else await app.listen();
  const transport = getRpcTransport({ transportUrl: url, rpcResponseTimeout: 20, logger: silent });
  closing.push(() => transport.cleanup());
  const client = getRpcApiClient<RpcApi>(transport, api) as object as RpcApiClient<Api>;
  return { client, address, transport };
}

/** Schema whose outcome a test decides. */
function schema<T = { id: string }>(validate: (value: unknown) => unknown): StandardSchemaV1<T, T> {
  return {
    '~standard': { version: 1, vendor: 'test', validate: validate as StandardSchemaV1.Props<T, T>['validate'] },
  };
}

const failureOf = (promise: Promise<unknown>): Promise<Error & Partial<RemoteError>> =>
  promise.then(
    (value) => expect.fail(`resolved with ${inspect(value)}`),
    (error) => error,
  );

/** An API of one method with these schemas, and an endpoint that answers it. */
function echo(args: StandardSchemaV1 | undefined, result?: StandardSchemaV1) {
  const ran: unknown[] = [];
  const api = defineRpcApi({
    topic: uniqueTopic('faults'),
    version: '1.0',
    methods: { get: call<never, unknown>({ args, result } as never), other: call<object, string>() },
  });
  @RpcEndpoint(api)
  class Echo {
    get(given: unknown): unknown {
      ran.push(given);
      return given;
    }
    other(): string {
      return 'other';
    }
  }
  return { api, Echo, ran };
}

describe('an older shape of the arguments', () => {
  const api = defineRpcApi({
    topic: uniqueTopic('older'),
    version: '1.2',
    methods: {
      heal: call({
        since: '1.2',
        args: z.strictObject({ id: z.string(), cause: z.string() }),
        fallback: { version: '1.0', args: ({ id }) => ({ id }) },
      }),
      plain: call({ since: '1.1', args: z.object({ id: z.string() }) }),
    },
  });

  @RpcEndpoint(api)
  class Healer {
    heal(args: object): object {
      return args;
    }
    plain(args: object): object {
      return args;
    }
  }

  it('reaches the handler of a newer server, and of a fake, as it is', async () => {
    const { client, transport } = await start(api, Healer);
    for (const source of [client, fakeRpcApi(api, { heal: (args) => args, plain: (args) => args })]) {
      const capped = source.$prepare({ versionCap: '1.0' }) as RpcApiClient<typeof api>;
      expect(await capped.heal({ id: 'a', cause: 'b' })).toEqual({ id: 'a' });
      expect(await source.heal({ id: 'a', cause: 'b' })).toEqual({ id: 'a', cause: 'b' });
      // The present version is the schema's.
      expect(await failureOf(source.heal({ id: 'a' } as never))).toMatchObject({ excType: 'ValueError' });
      expect(await failureOf(source.$client.call({}, 'heal', { id: 'a' }))).toMatchObject({ excType: 'ValueError' });
      // A method without an older shape has one shape for all versions.
      const old = source.$client.prepare({ version: '1.0' });
      expect(await failureOf(old.call({}, 'plain', { id: 5 }))).toMatchObject({ excType: 'ValueError' });
    }
    const auto = getRpcApiClient(transport, api, { versionCap: 'auto' });
    expect(await auto.heal({ id: 'a', cause: 'b' })).toEqual({ id: 'a' });
  });
});

describe('a refusal by a schema', () => {
  it('takes bounded time for many values, on both sides', async () => {
    const wide = z.object(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`q${index}`, z.number()])));
    const list = Array.from({ length: 400_000 }, (_, index) => index);
    const { api, Echo } = echo(wide);
    const { client } = await start(api, Echo);
    const began = performance.now();
    expect(await failureOf(client.get({ list } as never))).toMatchObject({ excType: 'ValueError' });
    const results = echo(undefined, wide);
    const other = await start(results.api, results.Echo);
    expect(await failureOf(other.client.get({ list } as never))).toBeInstanceOf(InvalidResult);
    // It took ten seconds and more for each.
    expect(performance.now() - began).toBeLessThan(6000);
  });

  it('is small for keys and messages of any length', async () => {
    const key = 'k'.repeat(1_000_000);
    const long = schema(() => ({
      issues: Array.from({ length: 50 }, () => ({ message: `no ${key}`, path: Array.from({ length: 60 }, () => key) })),
    }));
    const { api, Echo } = echo(long);
    const { client } = await start(api, Echo);
    const refused = await failureOf(client.get({ id: 'a' } as never));
    expect(refused).toMatchObject({ excType: 'ValueError' });
    expect(String(refused.value)).toMatch(/^get\(\) got invalid arguments: k{100}….*no k+…; and \d+ more$/);
    expect(
      JSON.stringify(refused.args).length + refused.message.length + String(refused.traceback).length,
    ).toBeLessThan(50_000);
    const results = echo(undefined, long);
    const invalid = await failureOf((await start(results.api, results.Echo)).client.get({ id: 'a' } as never));
    expect(invalid.message.length).toBeLessThan(15_000);
  });

  it('masks secrets in messages and paths, also where they are cut off', async () => {
    const token = 'gAAAAA-very-secret';
    const long = `s3cret-${'x'.repeat(900)}`;
    const quoting = schema((args) => ({
      issues: [
        { message: `bad ${token}`, path: ['tokens', token] },
        { message: `${'-'.repeat(495)}${token}`, path: [] },
        { message: `${'-'.repeat(745)}${token}`, path: [`password = ${token}`] },
        { message: `${'-'.repeat(400)}${long}`, path: [args] },
      ],
    }));
    const { api, Echo } = echo(quoting);
    const { client } = await start(api, Echo);
    const refused = await failureOf(client.get({ tokens: { [token]: 5 }, password: long } as never));
    expect(inspect(refused)).not.toMatch(/gAAAAA|s3cret/);
    expect(refused.message).toContain('tokens.***: bad ***');
  });

  it('hides its messages where there are too many secrets to look for', async () => {
    const { api, Echo } = echo(schema(() => ({ issues: [{ message: 'no secret-00000', path: ['a'] }] })));
    const { client } = await start(api, Echo);
    const password = Array.from({ length: 5000 }, (_, index) => `secret-${String(index).padStart(5, '0')}`);
    const refused = await failureOf(client.get({ password } as never));
    expect(refused.message).toContain('(not shown: the values are too many');
    expect(inspect(refused)).not.toContain('secret-0');
  });
});

describe('a schema that never settles', () => {
  const never = () => schema(() => new Promise(() => undefined));

  it('ends with the deadline of the call, and with its signal', async () => {
    const { api, Echo } = echo(undefined, never());
    const { client } = await start(api, Echo);
    const late = await failureOf(client.get({ id: 'a' } as never, { timeout: '200ms' }));
    expect(late).toBeInstanceOf(MessagingTimeout);
    expect(late.message).toMatch(/was answered, but the schema of the result has not settled within the timeout/);
    const reason = new Error('changed my mind');
    const controller = new AbortController();
    const answered = failureOf(client.get({ id: 'b' } as never, { signal: controller.signal }));
    await client.other();
    controller.abort(reason);
    expect(await answered).toBe(reason);
  });

  it('gives its slot back when the caller gives up', async () => {
    const { api, Echo, ran } = echo(never());
    const { client } = await start(api, Echo);
    expect(await failureOf(client.get({ id: 'a' } as never, { timeout: '200ms' }))).toBeInstanceOf(MessagingTimeout);
    expect(await client.other()).toBe('other');
    expect(ran).toEqual([]);
  });

  it('gives its slot back where nobody waits', async () => {
    const started = vi.fn();
    const api = defineRpcApi({
      topic: uniqueTopic('slots'),
      version: '1.0',
      methods: {
        stop: cast({
          args: schema(() => {
            started();
            return new Promise(() => undefined);
          }),
        }),
        other: call<object, string>(),
      },
    });
    @RpcEndpoint(api)
    class Stopping {
      stop(): void {}
      other(): string {
        return 'other';
      }
    }
    const { client } = await start(api, Stopping);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await client.stop({ id: 'a' });
    while (started.mock.calls.length === 0) await new Promise(setImmediate);
    const answered = client.other();
    await vi.advanceTimersByTimeAsync(61_000);
    vi.useRealTimers();
    expect(await answered).toBe('other');
  });
});

describe('an outcome of a schema', () => {
  const issues = [{ message: 'no good' }];
  const promise = (text: string): unknown => runInNewContext(`Promise.resolve(${text})`);

  it.each<[string, () => unknown]>([
    // biome-ignore lint/suspicious/noThenProperty: it is meant to be taken for a promise.
    ['a thenable', () => ({ then: (resolve: (outcome: object) => void) => resolve({ issues }) })],
    ['a promise of another realm', () => promise('{ issues: [{ message: "no good" }] }')],
  ])('may be %s', async (_name, outcome) => {
    const { api, Echo, ran } = echo(schema(outcome));
    const { client } = await start(api, Echo);
    const refused = await failureOf(client.get({ id: 'a' } as never));
    expect(refused).toMatchObject({ excType: 'ValueError', value: 'get() got invalid arguments: no good' });
    expect(ran).toEqual([]);
    const results = echo(undefined, schema(outcome));
    const invalid = await failureOf((await start(results.api, results.Echo)).client.get({ id: 'a' } as never));
    expect(invalid).toMatchObject({ code: 'INVALID_RESULT', issues: [{ path: [], message: 'no good' }] });
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a promise of nothing', Promise.resolve()],
    ['text as issues', { issues: 'x' }],
    ['an empty object', {}],
    ['null as issues', { issues: null, value: {} }],
  ])('is refused: %s', async (_name, outcome) => {
    const { api, Echo, ran } = echo(schema(() => outcome));
    const { client } = await start(api, Echo);
    const failed = await failureOf(client.get({ id: 'a' } as never));
    expect(failed).toBeInstanceOf(RemoteError);
    expect(failed.message).toMatch(/schema of the arguments of "get" must return \{ value \}, or \{ issues/);
    expect(failed.excType).toBe('ConfigurationError');
    expect(ran).toEqual([]);
    const results = echo(
      undefined,
      schema(() => outcome),
    );
    const invalid = await failureOf((await start(results.api, results.Echo)).client.get({ id: 'a' } as never));
    expect(invalid).toBeInstanceOf(InvalidResult);
    expect(invalid.message).toMatch(/the schema of the result failed: The schema must return \{ value \}/);
  });

  it('may have issues of any form', async () => {
    const odd = [null, { path: [null, { key: 'a' }, Symbol('s')] }, { message: 5, path: 'x' }, {}];
    const { api, Echo } = echo(schema(() => ({ issues: odd })));
    const refused = await failureOf((await start(api, Echo)).client.get({ id: 'a' } as never));
    expect(refused).toMatchObject({ excType: 'ValueError' });
    expect(refused.message).toContain('null.a.Symbol(s): refused without a message');
  });
});

it('secrets of a result are masked where its schema throws', async () => {
  const result = z.object({ password: z.string() }).transform((value): object => {
    throw new Error(`cannot use ${value.password}`, { cause: value });
  });
  const { api, Echo } = echo(undefined, result);
  const failed = await failureOf((await start(api, Echo)).client.get({ password: 'hunter2-hunter2' } as never));
  expect(failed).toBeInstanceOf(InvalidResult);
  expect(failed.message).toContain('cannot use ***');
  expect(failed.cause).toBeInstanceOf(Error);
  for (const text of [
    failed.message,
    inspect(failed),
    inspect(failed.cause),
    String(failed.stack),
    JSON.stringify(failed),
  ])
    expect(text).not.toContain('hunter2');
});

describe('a schema of an API', () => {
  const topic = uniqueTopic('inherited');
  const v1 = defineRpcApi({ topic, version: '1.0', methods: { get: call({ args: z.object({ id: z.string() }) }) } });

  @RpcEndpoint(v1)
  class First {
    @RpcMethod()
    get(@RpcArgs() args: object): unknown {
      return args;
    }
  }

  it('is not that of a subclass with another API, or none', async () => {
    const v2 = defineRpcApi({ topic, version: '2.0', methods: { get: call<{ id: number }, unknown>() } });
    @RpcEndpoint(v2)
    class Second extends First {}
    @RpcEndpoint({ topic, version: '2.0' })
    class Plain extends First {
      override get(args: object): unknown {
        return args;
      }
    }
    for (const controller of [Second, Plain])
      expect(await (await start(v2, controller)).client.get({ id: 5 })).toEqual({ id: 5 });
    const { client } = await start(v1, First);
    expect(await failureOf(client.get({ id: 5 } as never))).toMatchObject({ excType: 'ValueError' });
  });

  it('does not concern HTTP in a hybrid application', async () => {
    @RpcEndpoint(v1)
    @Controller()
    class Hybrid {
      @Get('x')
      get(@Query('a') a: unknown): unknown {
        return `got ${typeof a}`;
      }
    }
    const { client, address } = await start(v1, Hybrid, true);
    const response = await fetch(`${address}/x?a=1`);
    expect([response.status, await response.text()]).toEqual([200, 'got string']);
    expect(await failureOf(client.get({ id: 5 } as never))).toMatchObject({ excType: 'ValueError' });
  });
});

it('an API that is undefined is refused: modules import each other', () => {
  expect(() => RpcEndpoint(undefined)).toThrow(/@RpcEndpoint: expected an API.*got undefined/);
  expect(() => RpcEndpoint()).not.toThrow();
});
