import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { BadRequestException, type INestMicroservice } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  BackingOffClient,
  getNotificationListener,
  getNotificationTransport,
  getRpcTransport,
  OsloServer,
  RemoteException,
  RequestContext,
  RpcArg,
  RpcArgs,
  RpcContext,
  RpcEndpoint,
  RpcMethod,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { PythonError, PythonPeer } from '../support/python-peer.js';

@RemoteException({ module: 'tacker.common.exceptions', class: 'VnfNotFound' })
class VnfMissing extends Error {
  readonly args: unknown[];

  constructor(id: string) {
    super(`VNF ${id} not found`);
    this.args = [id];
  }
}

class Unmapped extends Error {}

const errors: Record<string, () => unknown> = {
  invalid: () => new BadRequestException(['name must be a string', 'size must be an integer']),
  details: () => new RpcException({ code: 'E_QUOTA', details: { limit: 5 } }),
  plain: () => ({ code: 'E_PLAIN', limit: 5 }),
  caused: () => new TypeError('outer', { cause: new Error('inner') }),
  several: () => new AggregateError([new Error('one'), new Error('two')]),
  vnf: () => new VnfMissing('v1'),
  unmapped: () => new Unmapped('no mapping'),
  error: () => new Error('just wrong'),
  type: () => new TypeError('no such type'),
  range: () => new RangeError('out of range'),
};

@RpcEndpoint({ version: '1.5' })
class Reference {
  readonly recorded: unknown[] = [];

  @RpcMethod()
  echo(@RpcArgs() args: unknown): unknown {
    return args;
  }

  @RpcMethod()
  types(@RpcArgs() args: object): unknown {
    return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value]));
  }

  @RpcMethod('big_int')
  bigInt(): bigint {
    return 2n ** 60n;
  }

  @RpcMethod()
  context(@RpcContext() context: RequestContext): unknown {
    return { ...context.toDict(), seen: { user: context.userId, project: context.projectId, admin: context.isAdmin } };
  }

  @RpcMethod()
  fail(@RpcArg('kind') kind: string): never {
    throw errors[kind]?.() ?? new Error(kind);
  }

  @RpcMethod()
  async slow(@RpcArg('seconds') seconds: number): Promise<number> {
    await sleep(seconds * 1000);
    return seconds;
  }

  @RpcMethod()
  async slow_failure(@RpcArg('seconds') seconds: number): Promise<never> {
    await sleep(seconds * 1000);
    throw new VnfMissing('v2');
  }

  @RpcMethod()
  whoami(): string {
    return 'ours';
  }

  @RpcMethod()
  record(@RpcArgs() args: unknown): void {
    this.recorded.push(args);
  }

  _private(): string {
    return 'never';
  }
}

@RpcEndpoint({ namespace: 'ns', version: '2.3' })
class Namespaced {
  @RpcMethod()
  where(): string {
    return 'ns 2.3';
  }
}

describeWithPython('a Python client of our server', () => {
  const topic = uniqueTopic();
  let peer: PythonPeer;
  let app: INestMicroservice;

  async function serve(ofTopic: string, host: string): Promise<INestMicroservice> {
    const module = await Test.createTestingModule({ controllers: [Reference, Namespaced] }).compile();
    const strategy = new OsloServer({ transportUrl: rabbitUrl, topic: ofTopic, host, rpcPingEnabled: true });
    const served = module.createNestMicroservice({ strategy, logger: false });
    await served.listen();
    return served;
  }

  beforeAll(async () => {
    peer = await PythonPeer.start(rabbitUrl, {
      allowedExmods: ['tacker.common.exceptions'],
      defaults: { rpc_response_timeout: 20 },
    });
    app = await serve(topic, 'ours');
  });
  afterAll(async () => {
    await app?.close();
    await peer?.stop();
  });
  beforeEach(() => peer.forget());

  const recorded = () => app.get(Reference).recorded;

  function failure(request: Promise<unknown>): Promise<PythonError> {
    return request.then(
      (result) => expect.fail(`resolved with ${String(result)}`),
      (error: unknown) => {
        expect(error).toBeInstanceOf(PythonError);
        return error as PythonError;
      },
    );
  }

  it('receives the values that it sent', async () => {
    const args = {
      text: 'ä€ 😀 \u2028 "quoted" \\',
      list: [1, null, { deep: true }],
      number: 1.5,
      fraction: 0.1 + 0.2,
      none: null,
      __proto__x: 1,
    };
    expect(await peer.call({ topic, method: 'echo', args })).toEqual(args);
    expect(await peer.call({ topic, method: 'echo' })).toEqual({});
  });

  it('sends and gets integers of any size', async () => {
    expect(await peer.call({ topic, method: 'big_int' })).toBe(2n ** 60n);
    const args = { big: 2n ** 70n, negative: -(2n ** 63n), small: 7 };
    expect(await peer.call({ topic, method: 'echo', args })).toEqual(args);
    expect(await peer.call({ topic, method: 'types', args })).toEqual({
      big: 'bigint',
      negative: 'bigint',
      small: 'number',
    });
  });

  it('receives an answer when it sends NaN', async () => {
    const answer: unknown = await peer
      .call({ topic, method: 'types', args: { value: Number.NaN }, timeout: 5 })
      .catch((error: unknown) => error);
    if (answer instanceof PythonError) expect(answer.pythonClass).not.toBe('MessagingTimeout');
    else expect(answer).toEqual({ value: 'number' });
    expect(await peer.call({ topic, method: 'whoami' })).toBe('ours');
  });

  it('passes its request context on', async () => {
    const context = { user_id: 'u1', project_id: 'p1', roles: ['admin', 'ä'], is_admin: true, own_key: { kept: [1] } };
    const seen = { user: 'u1', project: 'p1', admin: true };
    expect(await peer.call({ topic, method: 'context', context })).toMatchObject({ ...context, seen });
  });

  it('finds namespaces and versions', async () => {
    expect(await peer.call({ topic, method: 'where', namespace: 'ns', version: '2.1' })).toBe('ns 2.3');
    expect(await peer.call({ topic, method: 'whoami', version: '1.5' })).toBe('ours');
    for (const wrong of [
      { method: 'where', namespace: 'ns', version: '2.4' },
      { method: 'whoami', version: '2.0' },
      { method: 'whoami', namespace: 'no' },
    ]) {
      const error = await failure(peer.call({ topic, ...wrong }));
      expect(error).toMatchObject({ pythonClass: 'RemoteError', excType: 'UnsupportedVersion' });
    }
  });

  it('receives an error for missing methods', async () => {
    for (const method of ['no_such', '_private', 'constructor', '__proto__']) {
      const error = await failure(peer.call({ topic, method }));
      expect(error).toMatchObject({ pythonClass: 'RemoteError', excType: 'NoSuchMethod' });
      expect(error.value).toContain(method);
    }
  });

  it('respects its version cap', async () => {
    const capped = await failure(peer.call({ topic, method: 'whoami', version: '1.4', versionCap: '1.2' }));
    expect(capped.pythonClass).toBe('RPCVersionCapError');
    expect(await peer.call({ topic, method: 'whoami', version: '1.2', versionCap: '1.2' })).toBe('ours');
  });

  it('rebuilds our exceptions', async () => {
    const fail = (kind: string) => failure(peer.call({ topic, method: 'fail', args: { kind } }));
    const vnf = await fail('vnf');
    expect(vnf).toMatchObject({
      pythonClass: 'VnfNotFound_Remote',
      pythonModule: 'tacker.common.exceptions_Remote',
      args: ['v1'],
    });
    expect(vnf.text).toMatch(/^VNF v1 not found\n/);
    const unmapped = await fail('unmapped');
    expect(unmapped).toMatchObject({ pythonClass: 'RemoteError', excType: 'Unmapped', value: 'no mapping' });
    expect(unmapped.traceback?.join('')).toContain('no mapping');
    expect(unmapped.traceback?.every((line) => typeof line === 'string')).toBe(true);
    expect(await fail('error')).toMatchObject({ pythonClass: 'Exception', pythonModule: 'builtins' });
    expect(await fail('type')).toMatchObject({ pythonClass: 'TypeError', pythonModule: 'builtins' });
    const range = await fail('range');
    expect(range).toMatchObject({ pythonClass: 'ValueError', pythonModule: 'builtins' });
    expect(range.args[0]).toMatch(/^out of range\n/);
  });

  it('receives error details', async () => {
    const fail = (kind: string) => failure(peer.call({ topic, method: 'fail', args: { kind } }));
    expect(await fail('invalid')).toMatchObject({
      excType: 'BadRequestException',
      value: 'name must be a string; size must be an integer',
    });
    expect(await fail('details')).toMatchObject({
      excType: 'RpcException',
      value: '{"code":"E_QUOTA","details":{"limit":5}}',
    });
    expect(await fail('several')).toMatchObject({ excType: 'AggregateError', value: 'Several errors: one; two' });
    const plain = await fail('plain');
    expect(plain).toMatchObject({ pythonClass: 'Exception', pythonModule: 'builtins' });
    expect(plain.text).toMatch(/^{"code":"E_PLAIN","limit":5}/);
    const caused = await fail('caused');
    expect(caused).toMatchObject({ pythonClass: 'TypeError', pythonModule: 'builtins' });
    expect(caused.text).toMatch(/^outer\n[\s\S]*Caused by: Error: inner/);
  });

  it('casts, and fans out', async () => {
    recorded().length = 0;
    const second = await serve(topic, 'second');
    await peer.cast({ topic, method: 'record', args: { x: 1 }, server: 'ours' });
    await eventually(() => expect(recorded()).toEqual([{ x: 1 }]));
    await peer.cast({ topic, method: 'record', args: { x: 2 }, fanout: true });
    await eventually(() => {
      expect(recorded()).toEqual([{ x: 1 }, { x: 2 }]);
      expect(second.get(Reference).recorded).toEqual([{ x: 2 }]);
    });
    await second.close();
    expect(await peer.call({ topic, method: 'whoami' })).toBe('ours');
  });

  it('reaches a server by name, and pings it', async () => {
    expect(await peer.call({ topic, method: 'whoami', server: 'ours' })).toBe('ours');
    expect(await peer.call({ topic, method: 'oslo_rpc_server_ping' })).toBe('pong');
    expect(await peer.call({ topic, method: 'oslo_rpc_server_ping', server: 'ours' })).toBe('pong');
  });

  it('waits beyond its monitor timeout while heartbeats arrive', async () => {
    const monitored = { topic, timeout: 10, callMonitorTimeout: 2 };
    const calls = [
      peer.call({ ...monitored, method: 'slow', args: { seconds: 4 } }),
      failure(peer.call({ ...monitored, method: 'slow_failure', args: { seconds: 3.5 } })),
    ];
    const [result, error] = await Promise.all(calls);
    expect(result).toBe(4);
    expect(error).toMatchObject({ pythonClass: 'VnfNotFound_Remote' });
  });

  it('receives no heartbeat without a request for them, and times out', async () => {
    expect(await peer.call({ topic, method: 'slow', args: { seconds: 1.5 }, timeout: 5 })).toBe(1.5);
    const late = await failure(peer.call({ topic, method: 'slow', args: { seconds: 2 }, timeout: 1 }));
    expect(late.pythonClass).toBe('MessagingTimeout');
  });

  it('runs calls concurrently', async () => {
    const begin = performance.now();
    const calls = Array.from({ length: 8 }, () => peer.call({ topic, method: 'slow', args: { seconds: 1 } }));
    expect(await Promise.all(calls)).toEqual(Array(8).fill(1));
    expect(performance.now() - begin).toBeLessThan(7000);
  });

  it('shares one topic between our server and a Python one', async () => {
    const shared = uniqueTopic('fleet');
    const ours = await serve(shared, 'ours');
    const theirs = await peer.startServer({ topic: shared, server: 'theirs' });
    const transport = getRpcTransport({ transportUrl: rabbitUrl });
    const client = new BackingOffClient(transport, new Target({ topic: shared, version: '1.0' }), { timeout: 10 });
    const byPython: unknown[] = [];
    const byUs: unknown[] = [];
    for (let call = 0; call < 8; call++) {
      byPython.push(await peer.call({ topic: shared, method: 'whoami' }));
      byUs.push(await client.call(new RequestContext(), 'whoami'));
    }
    expect(new Set([...byPython, ...byUs])).toEqual(new Set(['ours', 'theirs']));
    for (const server of ['ours', 'theirs']) {
      expect(await peer.call({ topic: shared, method: 'whoami', server })).toBe(server);
      expect(await client.prepare({ server }).call(new RequestContext(), 'whoami')).toBe(server);
    }
    await client.prepare({ fanout: true }).cast(new RequestContext(), 'record', { x: 1 });
    await peer.cast({ topic: shared, method: 'record', args: { x: 2 }, fanout: true });
    await eventually(async () => {
      const both = expect.arrayContaining([{ x: 1 }, { x: 2 }]);
      expect(ours.get(Reference).recorded).toEqual(both);
      expect((await peer.receivedRpcs('record')).map(({ args }) => args)).toEqual(both);
    });
    // Whoever stays goes on.
    await theirs.stop();
    for (let call = 0; call < 3; call++) expect(await peer.call({ topic: shared, method: 'whoami' })).toBe('ours');
    await transport.cleanup();
    await ours.close();
  });

  it('notifies our listener', async () => {
    const events = uniqueTopic('events');
    const got: unknown[] = [];
    const endpoint =
      (priority: string) => (_ctxt: unknown, publisherId: string, eventType: string, payload: unknown) => {
        got.push({ priority, publisherId, eventType, payload });
      };
    const transport = getNotificationTransport({ transportUrl: rabbitUrl });
    const endpoints = [{ info: endpoint('info'), error: endpoint('error') }];
    const listener = await getNotificationListener(transport, [new Target({ topic: events })], endpoints);
    await listener.start();
    const notification = { topic: events, publisherId: 'nfv.host1', eventType: 'vnf.create' };
    await peer.notify({ ...notification, payload: { id: 2n ** 60n } });
    await peer.notify({ ...notification, payload: 'ä', priority: 'error', driver: 'messaging' });
    const common = { publisherId: 'nfv.host1', eventType: 'vnf.create' };
    await eventually(() => {
      expect(got).toHaveLength(2);
      expect(got).toContainEqual({ ...common, priority: 'info', payload: { id: 2n ** 60n } });
      expect(got).toContainEqual({ ...common, priority: 'error', payload: 'ä' });
    });
    await listener.stop();
    await transport.cleanup();
  });
});
