import 'reflect-metadata';
import { inspect } from 'node:util';
import { Test } from '@nestjs/testing';
import {
  call,
  cast,
  defineRpcApi,
  discoverServers,
  getRpcApiClient,
  getRpcTransport,
  InvalidArguments,
  InvalidResult,
  type OsloMessagingOptions,
  OsloServer,
  RemoteError,
  type RpcApiArgs,
  type RpcApiClient,
  RpcArg,
  RpcEndpoint,
  type RpcHandlers,
  type Transport,
  VersionedObjectSerializer,
} from 'nestjs-oslo-messaging';
import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const topic = uniqueTopic('schemas');
const api = defineRpcApi({
  topic,
  version: '1.0',
  methods: {
    zod: call({
      args: z.object({
        id: z.string().min(2),
        steps: z.coerce.number().default(1),
        tags: z.array(z.string()).optional(),
      }),
      result: z.object({ at: z.iso.datetime().transform((text) => new Date(text)) }),
    }),
    valibot: call({
      args: v.object({ id: v.string(), password: v.optional(v.pipe(v.string(), v.minLength(20))) }),
      result: v.object({ id: v.string() }),
    }),
    named: call({ args: z.object({ steps: z.coerce.number().default(1) }) }),
    asynchronous: call({ args: z.object({ id: z.string().refine(async (id) => id === 'known', 'unknown id') }) }),
    stop: cast({ args: z.object({ id: z.string() }) }),
    broken: call({
      result: z.string().transform((): string => {
        throw new Error('no such transform');
      }),
    }),
    plain: call<{ id: string }, string>(),
  },
});

type Args<Method extends keyof (typeof api)['methods']> = RpcApiArgs<typeof api, Method>;

let ran: unknown[] = [];
let answer: unknown;

@RpcEndpoint(api)
class Endpoint implements RpcHandlers<typeof api> {
  zod(args: Args<'zod'>): { at: string } {
    ran.push(args);
    return answer as { at: string };
  }

  async valibot(args: Args<'valibot'>): Promise<{ id: string }> {
    ran.push(args);
    return answer as { id: string };
  }

  named(@RpcArg('steps') steps: number): string {
    return `${typeof steps} ${steps}`;
  }

  asynchronous(args: Args<'asynchronous'>): string {
    ran.push(args);
    return args.id;
  }

  stop(args: Args<'stop'>): void {
    ran.push(args);
  }

  broken(): string {
    return 'x';
  }

  plain(args: { id: string }): string {
    return typeof args.id;
  }
}

const ENGINES = [
  ['memory://', describe, () => `memory://${uniqueTopic()}/`],
  ['RabbitMQ', describeWithRabbit, () => rabbitUrl],
] as const;

describe.each(ENGINES)('schemas of an API on %s', (_name, describeHere, urlOf) => {
  describeHere('between a typed client and an endpoint', () => {
    let open: (() => Promise<unknown>)[] = [];
    let client: RpcApiClient<typeof api>;
    let log: LogRecorder;
    let transport: Transport;

    async function close(): Promise<void> {
      for (const one of open.reverse()) await one();
      open = [];
    }

    async function start(options: OsloMessagingOptions = {}): Promise<void> {
      const url = urlOf();
      log = new LogRecorder();
      const module = await Test.createTestingModule({ controllers: [Endpoint] }).compile();
      const strategy = new OsloServer({ transportUrl: url, logger: log, ...options });
      const app = module.createNestMicroservice({ strategy, logger: false });
      open.push(() => app.close());
      await app.listen();
      transport = getRpcTransport({ transportUrl: url, rpcResponseTimeout: 20, logger: log });
      open.push(() => transport.cleanup());
      client = getRpcApiClient(transport, api);
    }
    beforeAll(() => start());
    beforeEach(() => {
      ran = [];
      answer = { id: 'a', at: '2026-01-01T00:00:00Z' };
    });
    afterAll(close);

    const failure = (request: Promise<unknown>): Promise<RemoteError | InvalidResult> =>
      request.then(
        (result) => expect.fail(`resolved with ${String(result)}`),
        (error) => error,
      );

    it('give the handler and the caller the parsed values', async () => {
      const { at } = await client.zod({ id: 'id', steps: '3' });
      expect(at).toEqual(new Date('2026-01-01T00:00:00Z'));
      await client.zod({ id: 'id' });
      expect(ran).toEqual([
        { id: 'id', steps: 3 },
        { id: 'id', steps: 1 },
      ]);
      expect(await client.valibot({ id: 'x' })).toEqual({ id: 'a' });
      expect(await client.named({ steps: '7' })).toBe('number 7');
      // The schema decides about absent and unknown arguments, not the names of the parameters.
      expect(await client.named()).toBe('number 1');
      expect(await client.$client.call({}, 'named', { steps: 2, other: 3 })).toBe('number 2');
      expect(await client.asynchronous({ id: 'known' })).toBe('known');
    });

    it('refuse arguments with a ValueError that has the issues, and the handler does not run', async () => {
      const wrong = await failure(client.zod({ id: 'x', tags: ['a', 5 as never] }));
      expect(wrong).toBeInstanceOf(RemoteError);
      expect(wrong).toMatchObject({ excType: 'ValueError', excModule: 'builtins', method: 'zod' });
      const [message, issues] = (wrong as RemoteError).args as [string, { path: unknown[]; message: string }[]];
      expect(message).toMatch(/^zod\(\) got invalid arguments: id: .*; tags\.1: /);
      expect((wrong as RemoteError).value).toBe(message);
      expect(issues.map(({ path }) => path)).toEqual([['id'], ['tags', 1]]);
      expect(issues.every((issue) => issue.message.length > 5)).toBe(true);
      expect(await failure(client.asynchronous({ id: 'other' }))).toMatchObject({
        excType: 'ValueError',
        value: 'asynchronous() got invalid arguments: id: unknown id',
      });
      expect(ran).toEqual([]);
      // The mistake is the caller's.
      expect(log.messages(/./, 'error')).toEqual([]);
      expect(log.messages(/zod/, 'debug').length).toBeGreaterThan(0);
    });

    it('refuse bad arguments of calls by name, and run methods without a schema', async () => {
      expect(await failure(client.$client.call({}, 'valibot', { id: 5 }))).toMatchObject({ excType: 'ValueError' });
      expect(await client.$client.call({}, 'plain', { id: 5 })).toBe('number');
    });

    it('mask the secrets that a message of a schema quotes', async () => {
      const wrong = await failure(client.valibot({ id: 'x', password: 'hunter2-hunter2' }));
      expect(wrong.message).toMatch(/password/);
      expect(inspect(wrong)).not.toContain('hunter2');
    });

    it('refuse a result with an error that names the answer, without its secrets', async () => {
      answer = { at: 'yesterday', auth_token: 'gAAAAA-very-secret' };
      const wrong = await failure(client.zod({ id: 'id' }));
      expect(wrong).toBeInstanceOf(InvalidResult);
      expect(wrong).toMatchObject({ code: 'INVALID_RESULT', method: 'zod', issues: [{ path: ['at'] }] });
      expect(wrong.message).toMatch(/"zod" on <Target .*> returned a result that its schema refuses: at: .*yesterday/);
      expect((wrong as InvalidResult).result).toEqual(answer);
      for (const text of [wrong.message, inspect(wrong), JSON.stringify(wrong)]) {
        expect(text).not.toContain('gAAAAA');
      }
      answer = 'just text';
      expect((await failure(client.valibot({ id: 'x' }))).message).toContain('The server answered "just text"');
    });

    it('turn an error of a schema into the same error', async () => {
      const wrong = await failure(client.broken());
      expect(wrong).toBeInstanceOf(InvalidResult);
      expect(wrong.message).toContain('no such transform');
      expect(wrong.cause).toBeInstanceOf(Error);
    });

    it('parse deserialized arguments', async () => {
      await close();
      await start({ serializer: new VersionedObjectSerializer() });
      await client.zod({ id: 'id', steps: '3' });
      expect(ran).toEqual([{ id: 'id', steps: 3 }]);
    });
  });
});

it('the schemas of an API are in the answer to discovery', async () => {
  const url = `memory://${uniqueTopic()}/`;
  const module = await Test.createTestingModule({ controllers: [Endpoint] }).compile();
  const strategy = new OsloServer({ transportUrl: url, logger: silent, rpcDiscoveryEnabled: true });
  const app = module.createNestMicroservice({ strategy, logger: false });
  await app.listen();
  const transport = getRpcTransport({ transportUrl: url, logger: silent });
  const { servers } = await discoverServers(transport, api.target, { servers: 1 });
  await transport.cleanup();
  await app.close();
  const described = servers[0]?.apis[0]?.methods ?? [];
  const schemaOf = (method: string) => described.find(({ name }) => name === method)?.schema;
  expect(schemaOf('zod')).toMatchObject({
    args: { type: 'object', properties: { id: { type: 'string', minLength: 2 } }, required: ['id'] },
    result: { properties: { at: { type: 'string' } } },
  });
  expect(schemaOf('stop')).toMatchObject({ args: { type: 'object' } });
  expect(schemaOf('plain')).toBeNull();
});

describe('InvalidArguments', () => {
  it('is thrown on the server only, and has the arguments of the failure', () => {
    const error = new InvalidArguments('m', [{ path: ['a'], message: 'b' }]);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', args: ['m', [{ path: ['a'], message: 'b' }]] });
  });
});
