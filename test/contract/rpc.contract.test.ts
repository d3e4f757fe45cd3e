import {
  BackingOffClient,
  ExplicitRPCAccessPolicy,
  expose,
  getRpcClient,
  getRpcServer,
  InvalidTarget,
  JsonPayloadSerializer,
  MessageUndeliverable,
  MessagingTimeout,
  NoOpSerializer,
  RemoteError,
  RequestContext,
  RequestContextSerializer,
  RPCVersionCapError,
  Target,
} from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { uniqueTopic } from '../support/environment.js';
import { Stopwatch } from '../support/stopwatch.js';
import { Endpoint, Missing, Namespaced, transports, useRpc } from './rpc-stage.js';

for (const { name, url, describe } of transports) {
  describe(`RPC on ${name}`, () => {
    const { connect, serve, clientOf } = useRpc(url);

    it('calls a server by its name', async () => {
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

    it('rejects a version that no endpoint implements', async () => {
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

    it('rejects a method that no endpoint exposes', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic);
      for (const method of ['missing', '_hidden', 'field', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        const call = client.call({}, method);
        await expect(call, method).rejects.toBeInstanceOf(RemoteError);
        await expect(call, method).rejects.toMatchObject({ excType: 'NoSuchMethod' });
      }
    });

    it('exposes only the methods that an explicit policy allows', async () => {
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

    it('sends a built-in error under its Python name', async () => {
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

    it('ends a monitored call at its timeout, not earlier, while heartbeats arrive', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = clientOf(topic).prepare({ timeout: 3, callMonitorTimeout: 2 });
      const begin = performance.now();
      await expect(client.call({}, 'never')).rejects.toBeInstanceOf(MessagingTimeout);
      expect(performance.now() - begin).toBeGreaterThan(2900);
    });

    it('rejects a call without a server at once', async () => {
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

    it('answers a ping only if that is enabled', async () => {
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

    it('uses a serializer that overrides part of NoOpSerializer', async () => {
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

    it('answers the BackingOffClient', async () => {
      const topic = uniqueTopic();
      await serve(topic, 'a', [new Endpoint()]);
      const client = new BackingOffClient(connect(), new Target({ topic, version: '1.0' }), { timeout: '5s' });
      expect(await client.call({}, 'echo', { value: 'x' })).toBe('x');
    });

    it('answers no call after a stop', async () => {
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
