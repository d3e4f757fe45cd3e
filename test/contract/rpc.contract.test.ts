import {
  BackingOffClient,
  ClientSendError,
  ExplicitRPCAccessPolicy,
  expose,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  InvalidTarget,
  JsonPayloadSerializer,
  MessageUndeliverable,
  MessagingException,
  MessagingTimeout,
  NoOpSerializer,
  type OsloMessagingOptions,
  RemoteError,
  RemoteException,
  RequestContext,
  RequestContextSerializer,
  RPCVersionCapError,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { Stopwatch } from '../support/stopwatch.js';

@RemoteException({ module: 'contract.exceptions', class: 'Missing' })
class Missing extends Error {
  readonly args: unknown[];

  constructor(
    readonly id: string,
    readonly count: number,
  ) {
    super(`${id} is missing`);
    this.args = [id, count];
  }
}

type Fields = ConstructorParameters<typeof Target>[0];

type Args = Record<string, unknown>;

/** Version 1.5 of the null namespace; remembers what it got. */
class Endpoint {
  readonly target = new Target({ version: '1.5' });
  readonly got: Args[] = [];
  field = 'no method';

  constructor(readonly name = 'a') {}

  echo(_ctxt: unknown, args: Args): unknown {
    return args.value;
  }

  typeOf(_ctxt: unknown, args: Args): string {
    return typeof args.value;
  }

  /** That many lists, one in the other. */
  deep(_ctxt: unknown, { levels }: { levels: number }): unknown {
    let value: unknown = [];
    for (let level = 1; level < levels; level++) value = [value];
    return value;
  }

  whoami(): string {
    return this.name;
  }

  context(ctxt: unknown): unknown {
    return ctxt;
  }

  record(_ctxt: unknown, args: Args): void {
    this.got.push(args);
  }

  never(): Promise<never> {
    return new Promise(() => undefined);
  }

  fail(_ctxt: unknown, args: Args): never {
    if (args.kind === 'missing') throw new Missing('v1', 2);
    throw new RangeError('out of range');
  }

  _hidden(): string {
    return 'never';
  }
}

class Namespaced {
  readonly target = new Target({ namespace: 'ns', version: '2.3', acceptedNamespaces: ['old'] });

  where(): string {
    return 'ns 2.3';
  }
}

const transports = [
  { name: 'memory', url: 'memory://', describe },
  { name: 'rabbit', url: rabbitUrl, describe: describeWithRabbit },
];

for (const { name, url, describe } of transports) {
  describe(`RPC on ${name}`, () => {
    const open: (() => Promise<unknown>)[] = [];

    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });

    function connect(options: OsloMessagingOptions = {}): Transport {
      const transport = getRpcTransport({
        transportUrl: url,
        rpcResponseTimeout: 10,
        drainTimeout: 0.2,
        logger: silent,
        allowedRemoteExmods: ['contract.exceptions'],
        ...options,
      });
      open.push(() => transport.cleanup());
      return transport;
    }

    async function serve(
      topic: string,
      server: string,
      endpoints: object[],
      options: { transport?: Transport } & Parameters<typeof getRpcServer>[3] = {},
    ): Promise<void> {
      const { transport = connect(), ...rest } = options;
      const running = await getRpcServer(transport, new Target({ topic, server }), endpoints, rest);
      await running.start();
      open.push(() => running.stop());
    }

    const clientOf = (topic: string, fields: Fields = {}) =>
      getRpcClient(connect(), new Target({ topic, version: '1.0', ...fields }));

    it('calls, whatever the result', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const value of ['ä€😀\u2028', 0, 1.5, '', false, null, [], [1, [null]], { deep: { list: [{}] } }]) {
        expect(await client.call({}, 'echo', { value })).toEqual(value);
      }
      expect(await client.call({}, 'record')).toBeNull();
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('keeps answers apart when they overlap', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      expect(await Promise.all(numbers.map((value) => client.call({}, 'echo', { value })))).toEqual(numbers);
    });

    it('carries integers of any size, both ways', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const value of [2n ** 53n, 2n ** 60n, -(2n ** 70n)]) {
        expect(await client.call({}, 'echo', { value })).toBe(value);
        expect(await client.call({}, 'typeOf', { value })).toBe('bigint');
      }
      expect(await client.call({}, 'echo', { value: { list: [2n ** 64n, 1] } })).toEqual({ list: [2n ** 64n, 1] });
      expect(await client.call({}, 'typeOf', { value: 2 ** 53 - 1 })).toBe('number');
      expect(await client.call({}, 'typeOf', { value: 7n })).toBe('number');
    });

    it('carries fractions of many digits', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const value of [0.1 + 0.2, 1 / 3, -Math.PI, 1e-10 / 3, 2 ** 52 + 0.5, 1e300, 5e-324]) {
        expect(await client.call({}, 'echo', { value })).toBe(value);
      }
      const mixed = {
        fraction: 0.1 + 0.2,
        integer: 2n ** 60n,
        text: '0.30000000000000004 1152921504606846976',
      };
      expect(await client.call({}, 'echo', { value: mixed })).toEqual(mixed);
    });

    it('carries a large text beside a large integer', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const value = { text: 'x"\\'.repeat(1_000_000), integer: 2n ** 60n };
      const result = await clientOf(topic).call<typeof value>({}, 'echo', { value });
      expect(result.text === value.text).toBe(true);
      expect(result.integer).toBe(value.integer);
    });

    it('refuses to send what is too large, in both directions, and goes on', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()], { transport: connect({ limits: { bodyBytes: 2000 } }) });
      const client = getRpcClient(connect({ limits: { bodyBytes: 1000 } }), new Target({ topic }));
      await expect(client.call({}, 'echo', { value: 'x'.repeat(1000) })).rejects.toBeInstanceOf(ClientSendError);
      await expect(client.cast({}, 'record', { value: 'x'.repeat(1000) })).rejects.toBeInstanceOf(ClientSendError);
      const generous = clientOf(topic);
      const call = generous.call({}, 'deep', { levels: 1000 });
      await expect(call).rejects.toMatchObject({ excType: 'ClientSendError' });
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('rejects a call whose result is beyond a limit of the caller, and goes on', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = getRpcClient(connect({ limits: { depth: 20 } }), new Target({ topic }));
      const call = client.prepare({ timeout: 10 }).call({}, 'deep', { levels: 200 });
      await expect(call).rejects.toBeInstanceOf(MessagingException);
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('leaves an undefined argument out and passes null on', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint]);
      await clientOf(topic).call({}, 'record', { gone: undefined, nothing: null });
      expect(endpoint.got).toEqual([{ nothing: null }]);
      expect(Object.keys(endpoint.got[0] ?? {})).toEqual(['nothing']);
    });

    it('casts', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint]);
      expect(await clientOf(topic).cast({}, 'record', { x: 1 })).toBeUndefined();
      await eventually(() => expect(endpoint.got).toEqual([{ x: 1 }]));
    });

    it('casts to every server by fanout', async () => {
      const topic = uniqueTopic();
      const endpoints = [new Endpoint('a'), new Endpoint('b')];
      for (const endpoint of endpoints) await serve(topic, endpoint.name, [endpoint]);
      await clientOf(topic).prepare({ fanout: true }).cast({}, 'record', { x: 1 });
      await eventually(() => expect(endpoints.map(({ got }) => got)).toEqual([[{ x: 1 }], [{ x: 1 }]]));
    });

    it('gives every server arguments of its own', async () => {
      const topic = uniqueTopic();
      const args = { list: [1], deep: { x: 1 } };
      const got: Args[] = [];
      class Greedy {
        take(_ctxt: unknown, { list, deep }: typeof args): void {
          got.push(structuredClone({ list, deep }));
          list.push(2);
          deep.x = 2;
        }
      }
      for (const server of ['a', 'b']) await serve(topic, server, [new Greedy()]);
      const cast = clientOf(topic).prepare({ fanout: true }).cast({}, 'take', args);
      args.list.push(3);
      await cast;
      const sent = { list: [1], deep: { x: 1 } };
      await eventually(() => expect(got).toEqual([sent, sent]));
      expect(args).toEqual({ list: [1, 3], deep: { x: 1 } });
    });

    it('gives the caller a result of its own', async () => {
      const topic = uniqueTopic();
      const kept = { list: [1] };
      class Keeper {
        keep(): unknown {
          return kept;
        }
      }
      await serve(topic, 'a', [new Keeper()]);
      const result = await clientOf(topic).call<typeof kept>({}, 'keep');
      result.list.push(2);
      expect(kept).toEqual({ list: [1] });
    });

    it('reaches a server by its name', async () => {
      const topic = uniqueTopic();
      for (const server of ['a', 'b']) await serve(topic, server, [new Endpoint(server)]);
      const client = clientOf(topic);
      for (const server of ['b', 'a', 'b', 'b']) {
        expect(await client.prepare({ server }).call({}, 'whoami')).toBe(server);
      }
    });

    it('shares calls between the servers of a topic', async () => {
      const topic = uniqueTopic();
      for (const server of ['a', 'b']) await serve(topic, server, [new Endpoint(server)]);
      const client = clientOf(topic);
      const answers: unknown[] = [];
      for (let call = 0; call < 10; call++) answers.push(await client.call({}, 'whoami'));
      expect(answers.filter((answer) => answer === 'a')).toHaveLength(5);
      expect(answers.filter((answer) => answer === 'b')).toHaveLength(5);
    });

    it('keeps equal topics of two exchanges apart', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint]);
      const client = clientOf(topic, { exchange: uniqueTopic('exchange') });
      await expect(client.prepare({ timeout: 10 }).call({}, 'whoami')).rejects.toBeInstanceOf(MessageUndeliverable);
    });

    it('finds an endpoint by namespace and version', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint(), new Namespaced()]);
      const client = clientOf(topic);
      expect(await client.prepare({ namespace: 'ns', version: '2.1' }).call({}, 'where')).toBe('ns 2.3');
      expect(await client.prepare({ namespace: 'old', version: '2.3' }).call({}, 'where')).toBe('ns 2.3');
      expect(await client.prepare({ version: '1.5' }).call({}, 'whoami')).toBe('a');
    });

    it('tells of a version that no endpoint has', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint(), new Namespaced()]);
      const client = clientOf(topic);
      for (const fields of [
        { version: '1.6' },
        { version: '2.0' },
        { namespace: 'ns', version: '2.4' },
        { namespace: 'unknown', version: '1.0' },
      ]) {
        const call = client.prepare(fields).call({}, 'whoami');
        await expect(call).rejects.toBeInstanceOf(RemoteError);
        await expect(call).rejects.toMatchObject({ excType: 'UnsupportedVersion' });
      }
    });

    it('tells of a method that no endpoint has', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const method of ['missing', '_hidden', 'field', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        const call = client.call({}, method);
        await expect(call, method).rejects.toBeInstanceOf(RemoteError);
        await expect(call, method).rejects.toMatchObject({ excType: 'NoSuchMethod' });
      }
    });

    it('exposes only what an explicit policy allows', async () => {
      class Explicit {
        @expose()
        shown(): string {
          return 'shown';
        }

        hidden(): string {
          return 'never';
        }
      }
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Explicit()], { accessPolicy: new ExplicitRPCAccessPolicy() });
      const client = clientOf(topic);
      expect(await client.call({}, 'shown')).toBe('shown');
      await expect(client.call({}, 'hidden')).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    });

    it('rebuilds a registered exception of an allowed module', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const error: unknown = await clientOf(topic)
        .call({}, 'fail', { kind: 'missing' })
        .catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Missing);
      expect(error).toMatchObject({ id: 'v1', count: 2, message: 'v1 is missing', remote: true });
      expect(error).toHaveProperty(
        'remoteTraceback',
        expect.arrayContaining([expect.stringContaining('v1 is missing')]),
      );
    });

    it('rebuilds nothing of a module that is not allowed', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = getRpcClient(connect({ allowedRemoteExmods: [] }), new Target({ topic }));
      const error: unknown = await client.call({}, 'fail', { kind: 'missing' }).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(RemoteError);
      expect(error).toMatchObject({ excType: 'Missing', value: 'v1 is missing' });
      expect(error).toHaveProperty('traceback', expect.arrayContaining([expect.any(String)]));
    });

    it('names a builtin error as Python would', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const call = clientOf(topic).call({}, 'fail', { kind: 'range' });
      await expect(call).rejects.toMatchObject({ excType: 'ValueError', value: 'out of range' });
    });

    it('times out', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      await client.call({}, 'whoami');
      const begin = performance.now();
      const watch = new Stopwatch();
      const error: unknown = await client
        .prepare({ timeout: '300ms' })
        .call({}, 'never')
        .catch((error: unknown) => error);
      const [elapsed, late] = [performance.now() - begin, watch.stop()];
      expect(error).toBeInstanceOf(MessagingTimeout);
      expect(error).toMatchObject({ code: 'TIMEOUT', method: 'never' });
      expect(elapsed).toBeGreaterThanOrEqual(290);
      expect(late).toBeLessThan(550);
      expect(await client.call({}, 'whoami')).toBe('a');
    });

    it('gives up a monitored call only at its timeout while heartbeats come', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic).prepare({ timeout: 3, callMonitorTimeout: 2 });
      const begin = performance.now();
      await expect(client.call({}, 'never')).rejects.toBeInstanceOf(MessagingTimeout);
      expect(performance.now() - begin).toBeGreaterThan(2900);
    });

    it('says at once that nobody is there', async () => {
      const client = clientOf(uniqueTopic('nobody'));
      const begin = performance.now();
      await expect(client.call({}, 'whoami')).rejects.toBeInstanceOf(MessageUndeliverable);
      const sure = client.prepare({ transportOptions: { atLeastOnce: true } });
      await expect(sure.cast({}, 'record')).rejects.toBeInstanceOf(MessageUndeliverable);
      await expect(client.cast({}, 'record')).resolves.toBeUndefined();
      expect(performance.now() - begin).toBeLessThan(9000);
    });

    it('refuses a version above the cap, without sending', async () => {
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint]);
      const client = getRpcClient(connect(), new Target({ topic, version: '1.0' }), { versionCap: '1.2' });
      expect(client.canSendVersion('1.2')).toBe(true);
      expect(client.canSendVersion('1.3')).toBe(false);
      const capped = client.prepare({ version: '1.3' });
      await expect(capped.call({}, 'record')).rejects.toBeInstanceOf(RPCVersionCapError);
      await expect(capped.cast({}, 'record')).rejects.toBeInstanceOf(RPCVersionCapError);
      await client.prepare({ version: '1.2' }).call({}, 'record', { sent: true });
      expect(endpoint.got).toEqual([{ sent: true }]);
    });

    it('refuses a call by fanout, and a target without topic', async () => {
      const client = clientOf(uniqueTopic());
      await expect(client.prepare({ fanout: true }).call({}, 'whoami')).rejects.toBeInstanceOf(InvalidTarget);
      const topicless = getRpcClient(connect(), new Target({ version: '1.0' }));
      await expect(topicless.cast({}, 'whoami')).rejects.toBeInstanceOf(InvalidTarget);
    });

    it('answers a ping only where that is enabled', async () => {
      const [silent, ready] = [uniqueTopic(), uniqueTopic()];
      await serve(silent, 'a', [new Endpoint()]);
      await serve(ready, 'a', [new Endpoint()], { transport: connect({ rpcPingEnabled: true }) });
      expect(await clientOf(ready).call({}, 'oslo_rpc_server_ping')).toBe('pong');
      const refused = clientOf(silent).call({}, 'oslo_rpc_server_ping');
      await expect(refused).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    });

    it('passes the request context through the serializer', async () => {
      class Reader {
        context(ctxt: unknown): unknown {
          const typed = ctxt instanceof RequestContext;
          return typed && { user: ctxt.userId, roles: ctxt.roles, extra: ctxt.toDict().extra };
        }
      }
      const topic = uniqueTopic();
      const serializer = new RequestContextSerializer(new JsonPayloadSerializer());
      await serve(topic, 'a', [new Reader()], { serializer });
      const client = getRpcClient(connect(), new Target({ topic }), { serializer });
      const context = RequestContext.fromDict({ user_id: 'u1', roles: ['admin'], extra: { kept: 1 } });
      const seen = await client.call(context, 'context');
      expect(seen).toEqual({ user: 'u1', roles: ['admin'], extra: { kept: 1 } });
    });

    it('uses a serializer that changes a part of what NoOpSerializer does', async () => {
      class Reversing extends NoOpSerializer {
        override deserializeEntity(_ctxt: unknown, entity: unknown): unknown {
          return typeof entity === 'string' ? [...entity].reverse().join('') : entity;
        }
      }
      const topic = uniqueTopic();
      const endpoint = new Endpoint();
      await serve(topic, 'a', [endpoint], { serializer: new Reversing() });
      const client = getRpcClient(connect(), new Target({ topic }), { serializer: new JsonPayloadSerializer() });
      await client.call({}, 'record', { text: 'abc', map: new Map([['a', 1]]) });
      expect(endpoint.got).toEqual([{ text: 'cba', map: { a: 1 } }]);
    });

    it('serves the BackingOffClient, too', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = new BackingOffClient(connect(), new Target({ topic, version: '1.0' }), { timeout: '5s' });
      expect(await client.call({}, 'echo', { value: 'x' })).toBe('x');
    });

    it('answers nothing more after a stop', async () => {
      const topic = uniqueTopic();
      const transport = connect();
      const server = await getRpcServer(transport, new Target({ topic, server: 'a' }), [new Endpoint()]);
      await server.start();
      const client = clientOf(topic);
      expect(await client.call({}, 'whoami')).toBe('a');
      await server.stop();
      const late: unknown = await client
        .prepare({ timeout: 0.3 })
        .call({}, 'whoami')
        .catch((error: unknown) => error);
      // The shared queue may outlive its server; the answer may not.
      expect(late instanceof MessagingTimeout || late instanceof MessageUndeliverable).toBe(true);
    });
  });
}
