import 'reflect-metadata';
import type { INestMicroservice } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  discoverServers,
  discoverStats,
  getRpcTransport,
  OsloServer,
  RpcArg,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { PythonError, PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';

/** Methods of Python's class of this name, with the same parameters. */
@RpcEndpoint({ version: '1.5' })
class Reference {
  readonly ran: string[] = [];

  @RpcMethod()
  add(@RpcContext() _context: unknown, @RpcArg('a') a: number, @RpcArg('b') b: number): number {
    this.ran.push('add');
    return a + b;
  }

  @RpcMethod()
  fail_with_args(@RpcArg('args') args: unknown[], @RpcArg('kwargs') kwargs: object = {}): never {
    this.ran.push('fail_with_args');
    throw new Error(JSON.stringify([args, kwargs]));
  }

  @RpcMethod()
  whoami(): string {
    this.ran.push('whoami');
    return 'ours';
  }
}

describeWithPython('interfaces of servers of both languages', () => {
  const topic = uniqueTopic();
  const [ours, theirs] = ['ours', 'theirs'];
  let peer: PythonPeer;
  let app: INestMicroservice;
  let transport: Transport;

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, { logLevel: 'CRITICAL', defaults: { rpc_response_timeout: 20 } });
    await peer.startServer({ topic, server: theirs });
    const module = await Test.createTestingModule({ controllers: [Reference] }).compile();
    const options = { transportUrl: rabbitUrl, topic, host: ours, rpcDiscoveryEnabled: true, logger: silent };
    app = module.createNestMicroservice({ strategy: new OsloServer(options), logger: false });
    await app.listen();
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
  });
  afterAll(async () => {
    await transport?.cleanup();
    await app?.close();
    await peer?.stop();
  });

  /** Returns the exception that Python's client raises for a call. */
  async function raised(server: string, method: string, args: Record<string, unknown>) {
    const error: unknown = await peer.call({ topic, server, method, args }).catch((thrown: unknown) => thrown);
    if (!(error instanceof PythonError)) return expect.fail(`${server} answered ${JSON.stringify(error)}`);
    const { pythonClass, pythonModule, text } = error;
    return { pythonClass, pythonModule, text: text.split('\n')[0] };
  }

  it.each<[string, Record<string, unknown>, string]>([
    ['add', {}, "Reference.add() missing 2 required positional arguments: 'a' and 'b'"],
    ['add', { b: 1 }, "Reference.add() missing 1 required positional argument: 'a'"],
    ['add', { a: 1, b: 2, c: 3 }, "Reference.add() got an unexpected keyword argument 'c'"],
    ['add', { c: 3 }, "Reference.add() got an unexpected keyword argument 'c'"],
    ['fail_with_args', { kwargs: {} }, "Reference.fail_with_args() missing 1 required positional argument: 'args'"],
    ['whoami', { x: 1 }, "Reference.whoami() got an unexpected keyword argument 'x'"],
  ])('refuse %s(%j) with the same TypeError', async (method, args, text) => {
    const error = { pythonClass: 'TypeError', pythonModule: 'builtins', text };
    expect(await raised(theirs, method, args)).toEqual(error);
    const { ran } = app.get(Reference);
    ran.length = 0;
    expect(await raised(ours, method, args)).toEqual(error);
    expect(ran).toEqual([]);
  });

  it('answer fitting arguments', async () => {
    for (const server of [ours, theirs])
      expect(await peer.call({ topic, server, method: 'add', args: { a: 1, b: 2 } })).toBe(3);
    expect(await raised(ours, 'fail_with_args', { args: [1] })).toMatchObject({ text: '[[1],{}]' });
  });

  it('are found together', async () => {
    const { servers, others } = await discoverServers(transport, new Target({ topic }), { servers: 2, timeout: '1m' });
    expect(others).toBe(1);
    expect(servers.map(({ server, apis }) => [server, apis.map(({ methods }) => methods)])).toEqual([
      [
        ours,
        [
          [
            {
              name: 'add',
              arguments: [
                { name: 'a', required: true },
                { name: 'b', required: true },
              ],
              delivery: 'at-most-once',
              schema: null,
            },
            expect.objectContaining({
              name: 'fail_with_args',
              arguments: [
                { name: 'args', required: true },
                { name: 'kwargs', required: false },
              ],
            }),
            expect.objectContaining({ name: 'whoami', arguments: [] }),
          ],
        ],
      ],
    ]);
    const python = await discoverServers(transport, new Target({ topic, server: theirs }), { timeout: '1m' });
    expect(python).toEqual({ servers: [], others: 1 });
  });

  it('are described to Python', async () => {
    const ask = (method: string) => peer.call<Record<string, unknown>>({ topic, server: ours, method });
    const target = new Target({ topic, server: ours });
    const { servers } = await discoverServers(transport, target);
    expect(await ask('oslo_rpc_server_info')).toEqual(servers[0]);
    const counted = await ask('oslo_rpc_server_stats');
    const [stats] = (await discoverStats(transport, target)).servers;
    expect(counted).toEqual(stats);
    expect(stats?.methods.find(({ name }) => name === 'add')?.errors).toHaveProperty('TypeError');
  });
});
