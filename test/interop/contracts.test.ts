import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import {
  call,
  cast,
  defineRpcApi,
  getRpcApiClient,
  getRpcTransport,
  InvalidResult,
  OsloServer,
  RemoteError,
  RequestContext,
  RequestContextSerializer,
  type RpcApiArgs,
  RpcArg,
  RpcEndpoint,
  type RpcHandlers,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonError, PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';

const python = uniqueTopic('python');
const nest = uniqueTopic('nest');

/** The endpoints of the Python peer: the null namespace in version 1.5, and another in version 2.3. */
const referenceApi = defineRpcApi({
  topic: python,
  exchange: 'tacker',
  version: '1.6',
  methods: {
    sum: call<{ a: number; b: number }, number>({ name: 'add', idempotent: true }),
    echo: call<Record<string, unknown>, unknown, '1.5' | '1.0'>({
      since: '1.5',
      fallback: { version: '1.0', args: ({ cause: _, ...older }) => older },
    }),
    whoami: call<Record<never, never>, string>({ server: 'host1' }),
    context: call<Record<never, never>, { user_id?: string }>(),
    record: cast<{ n: number }>({ fanout: true }),
    fail: call<{ kind: string; message: string }, void>(),
  },
});
/** Wishes that the Python peer does not fulfil. */
const wishedApi = defineRpcApi({
  topic: python,
  exchange: 'tacker',
  version: '1.6',
  methods: {
    big_int: call<Record<never, never>, number, '1.6'>({ since: '1.6' }),
    add: call({ args: z.object({ a: z.number(), b: z.number() }), result: z.string() }),
  },
});
const namespacedApi = defineRpcApi({
  topic: python,
  exchange: 'tacker',
  namespace: 'ns',
  version: '2.3',
  methods: { where: call<Record<never, never>, string>() },
});

const servedApi = defineRpcApi({
  topic: nest,
  exchange: 'tacker',
  version: '1.2',
  methods: {
    scale: call({ args: z.object({ vnf_id: z.string(), steps: z.coerce.number().default(1) }), since: '1.1' }),
    named: call<{ a: number; b: number }, number>({ name: 'add_named' }),
    stop: cast<{ id: string }>({ fanout: true }),
  },
});
const servedApi2 = defineRpcApi({ topic: nest, exchange: 'tacker', version: '2.0', methods: { named: call() } });

const stopped: string[] = [];

@RpcEndpoint(servedApi)
class Served implements RpcHandlers<typeof servedApi> {
  scale({ vnf_id, steps }: RpcApiArgs<typeof servedApi, 'scale'>): unknown {
    return { vnf_id, steps };
  }

  named(@RpcArg('a') a: number, @RpcArg('b') b: number): number {
    return a + b;
  }

  stop({ id }: { id: string }): void {
    stopped.push(id);
  }
}

@RpcEndpoint(servedApi2)
class Served2 implements RpcHandlers<typeof servedApi2> {
  named(): string {
    return 'version 2';
  }
}

describeWithPython('contracts with Python', () => {
  let peer: PythonPeer;
  let transport: Transport;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [Served, Served2] }).compile();
    const strategy = new OsloServer({ transportUrl: rabbitUrl, logger: silent });
    const app = module.createNestMicroservice({ strategy, logger: false });
    close = () => app.close();
    [peer] = await Promise.all([PythonPeer.start(rabbitUrl), app.listen()]);
    await peer.startServer({ topic: python, server: 'host1' });
    transport = getRpcTransport({ transportUrl: rabbitUrl, rpcResponseTimeout: 15, logger: silent });
  });
  afterAll(async () => {
    await transport?.cleanup();
    await close?.();
    await peer?.stop();
  });
  beforeEach(() => peer.forget());

  const clientOf = (options: object = {}) => getRpcApiClient(transport, referenceApi, options);

  it('call methods of a Python server', async () => {
    const client = clientOf({ serializer: new RequestContextSerializer() });
    expect(await client.sum({ a: 2, b: 3 })).toBe(5);
    expect(await client.whoami()).toBe('host1');
    const context = new RequestContext({ userId: 'alice' });
    expect(await client.context({}, { context })).toMatchObject({ user_id: 'alice' });
    expect(await getRpcApiClient(transport, namespacedApi).where()).toBe('ns 2.3');
    await client.record({ n: 7 });
    await eventually(async () => expect(await peer.receivedRpcs('record')).toMatchObject([{ args: { n: 7 } }]));
  });

  it('reject with the exception of a Python server, and for a version that it does not have', async () => {
    const client = clientOf();
    const failed = await client.fail({ kind: 'ValueError', message: 'no' }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(RemoteError);
    expect(failed).toMatchObject({ excType: 'ValueError', value: 'no', method: 'fail' });
    const wished = getRpcApiClient(transport, wishedApi);
    await expect(wished.big_int()).rejects.toMatchObject({ excType: 'UnsupportedVersion' });
    await expect(wished.add({ a: 1, b: 2 })).rejects.toBeInstanceOf(InvalidResult);
  });

  it('send a Python server the older shape of the arguments under a cap', async () => {
    expect(await clientOf().echo({ id: 1, cause: 'c' })).toEqual({ id: 1, cause: 'c' });
    expect(await clientOf({ versionCap: '1.4' }).echo({ id: 1, cause: 'c' })).toEqual({ id: 1 });
  });

  it("send the first version under the cap 'auto', since Python does not say its own", async () => {
    expect(await clientOf({ versionCap: 'auto' }).echo({ id: 1, cause: 'c' })).toEqual({ id: 1 });
  });

  it('answer Python clients in the version that they ask for', async () => {
    const request = { topic: nest, timeout: 10 };
    expect(await peer.call({ ...request, version: '1.1', method: 'scale', args: { vnf_id: 'v', steps: '3' } })).toEqual(
      { vnf_id: 'v', steps: 3 },
    );
    expect(await peer.call({ ...request, method: 'add_named', args: { a: 1, b: 2 } })).toBe(3);
    expect(await peer.call({ ...request, version: '2.0', method: 'named' })).toBe('version 2');
    await peer.cast({ ...request, fanout: true, method: 'stop', args: { id: 's1' } });
    await eventually(() => expect(stopped).toEqual(['s1']));
    const missing = peer.call({ ...request, version: '1.3', method: 'scale', args: {} });
    await expect(missing).rejects.toThrow(/UnsupportedVersion|does not support RPC version 1.3/);
  });

  it('raise ValueError in a Python client for arguments that the schema refuses', async () => {
    const calling = peer.call({ topic: nest, method: 'scale', args: { vnf_id: 5 }, timeout: 10 });
    const raised = await calling.catch((error: unknown) => error);
    expect(raised).toBeInstanceOf(PythonError);
    const { pythonClass, pythonModule, text, args } = raised as PythonError;
    expect([pythonModule, pythonClass]).toEqual(['builtins', 'ValueError']);
    expect(text).toContain('scale() got invalid arguments: vnf_id: ');
    expect(args).toEqual([expect.stringContaining('scale()'), [{ path: ['vnf_id'], message: expect.any(String) }]]);
  });
});
