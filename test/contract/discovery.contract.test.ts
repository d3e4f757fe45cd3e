import { hostname } from 'node:os';
import {
  ConfigurationError,
  discoverServers,
  discoverStats,
  discoverVersion,
  ExplicitRPCAccessPolicy,
  expose,
  InvalidTarget,
  MessageUndeliverable,
  RemoteError,
  Target,
} from 'nestjs-oslo-messaging';
import { expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { uniqueTopic } from '../support/environment.js';
import { Endpoint, Namespaced, transports, useRpc } from './rpc-stage.js';

/** Longer than any test: a wait for the whole of it fails the test. */
const LONG = '5m';

class Explicit {
  @expose()
  open(): string {
    return 'open';
  }

  closed(): string {
    return 'closed';
  }
}

for (const { name, url, describe } of transports) {
  describe(`discovery on ${name}`, () => {
    const { connect, serve, clientOf } = useRpc(url);

    /** Starts servers that answer discovery, and others that do not. */
    async function serveAll(answering: readonly string[], silent: readonly string[] = []) {
      const topic = uniqueTopic();
      const transport = connect({ rpcDiscoveryEnabled: true, concurrency: 5 });
      for (const server of answering)
        await serve(topic, server, [new Endpoint(server), new Namespaced()], { transport });
      for (const server of silent) await serve(topic, server, [new Endpoint(server)]);
      return { topic, target: new Target({ topic }), transport, caller: connect() };
    }

    it('hears servers whose slots are all taken', async () => {
      const topic = uniqueTopic();
      let finish = (): void => undefined;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      let started = 0;
      const block = () => {
        started++;
        return finished;
      };
      for (const rpcDiscoveryEnabled of [true, false]) {
        const transport = connect({ rpcDiscoveryEnabled, concurrency: 1 });
        await serve(topic, `busy-${rpcDiscoveryEnabled}`, [{ block }], { transport });
      }
      const caller = connect();
      const target = new Target({ topic });
      const client = clientOf(topic);
      // The first is in work, the second waits for its slot.
      for (let index = 0; index < 2; index++)
        for (const server of ['busy-true', 'busy-false']) await client.prepare({ server }).cast({}, 'block');
      await expect.poll(() => started, { timeout: 10_000 }).toBe(2);
      const { servers, others } = await discoverServers(caller, target, { servers: 2, timeout: LONG });
      expect([servers.map(({ server }) => server), others]).toEqual([['busy-true'], 1]);
      expect(started).toBe(2);
      finish();
      await expect.poll(() => started, { timeout: 10_000 }).toBe(4);
    });

    it('finds all servers of a topic, and counts those that do not know it', async () => {
      const { caller, target } = await serveAll(['b', 'a'], ['c']);
      const { servers, others } = await discoverServers(caller, target, { servers: 3, timeout: LONG });
      expect(servers.map(({ server }) => server)).toEqual(['a', 'b']);
      expect(others).toBe(1);
      expect((await discoverStats(caller, target, { servers: 3, timeout: LONG })).servers).toHaveLength(2);
    });

    it('waits for its timeout where the number of servers is not known', async () => {
      const { caller, target } = await serveAll(['a', 'b']);
      const { servers } = await discoverServers(caller, target, { timeout: '1s' });
      expect(servers).toHaveLength(2);
    });

    it('finds no server where there is none', async () => {
      const { caller } = await serveAll([]);
      const target = new Target({ topic: uniqueTopic() });
      expect(await discoverServers(caller, target, { timeout: LONG })).toEqual({ servers: [], others: 0 });
      expect(await discoverVersion(caller, target, { timeout: LONG })).toBeUndefined();
      if (name !== 'rabbit') return;
      // It would be in the way of servers that declare it with other options.
      const look = withChannel(url, (channel) => channel.checkExchange(`${target.topic}_fanout`));
      await expect(look).rejects.toThrow(/NOT_FOUND/);
    });

    it('finds servers that start later', async () => {
      const { caller, transport } = await serveAll([]);
      const target = new Target({ topic: uniqueTopic() });
      expect((await discoverServers(caller, target, { timeout: LONG })).servers).toEqual([]);
      await serve(String(target.topic), 'a', [new Endpoint()], { transport });
      expect((await discoverServers(caller, target, { servers: 1, timeout: LONG })).servers).toHaveLength(1);
    });

    it('asks one server by its name', async () => {
      const { caller, target } = await serveAll(['a', 'b'], ['c']);
      const ask = (server: string) => discoverServers(caller, target.with({ server }), { timeout: LONG });
      expect((await ask('b')).servers.map(({ server }) => server)).toEqual(['b']);
      expect(await ask('c')).toEqual({ servers: [], others: 1 });
      await expect(ask('nobody')).rejects.toBeInstanceOf(MessageUndeliverable);
    });

    it('describes names, library, interfaces and methods', async () => {
      const { caller, target, topic } = await serveAll(['a']);
      const { servers } = await discoverServers(caller, target.with({ server: 'a' }));
      const method = (title: string) => ({ name: title, arguments: null, delivery: 'at-most-once', schema: null });
      expect(servers).toEqual([
        {
          server: 'a',
          topic,
          exchange: 'tacker',
          host: hostname(),
          since: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          library: {
            name: 'nestjs-oslo-messaging',
            version: expect.stringMatching(/^\d+\.\d+\.\d+/),
            runtime: `Node.js ${process.versions.node}`,
          },
          delivery: 'at-most-once',
          concurrency: 5,
          apis: [
            {
              namespaces: [null],
              version: '1.5',
              methods: ['echo', 'typeOf', 'deep', 'whoami', 'context', 'record', 'never', 'fail'].map(method),
            },
            { namespaces: ['ns', 'old'], version: '2.3', methods: [method('where')] },
          ],
        },
      ]);
      expect(await discoverVersion(caller, target, { servers: 1, timeout: LONG })).toBe('1.5');
      const namespaced = target.with({ namespace: 'old', version: '2.0' });
      expect(await discoverVersion(caller, namespaced, { servers: 1, timeout: LONG })).toBe('2.3');
    });

    it('describes only methods that the access policy allows, and answers in spite of it', async () => {
      const topic = uniqueTopic();
      const transport = connect({ rpcDiscoveryEnabled: true });
      await serve(topic, 'a', [new Explicit()], { transport, accessPolicy: ExplicitRPCAccessPolicy });
      const { servers } = await discoverServers(connect(), new Target({ topic, server: 'a' }));
      expect(servers[0]?.apis.flatMap(({ methods }) => methods.map(({ name: title }) => title))).toEqual(['open']);
    });

    it('counts requests, errors and refusals, and holds no secret', async () => {
      const { caller, target, topic } = await serveAll(['a']);
      const client = clientOf(topic);
      const context = { auth_token: 's3cret-token' };
      await client.call(context, 'echo', { value: 's3cret-value' });
      await client.call(context, 'echo', { value: 2 });
      await client.call(context, 'fail').catch(() => undefined);
      for (let index = 0; index < 30; index++) await client.call(context, `unknown${index}`).catch(() => undefined);
      await clientOf(topic, { version: '9.0' })
        .call(context, 'echo')
        .catch(() => undefined);
      const answers = [
        await discoverStats(caller, target.with({ server: 'a' })),
        await discoverServers(caller, target.with({ server: 'a' })),
      ] as const;
      const [stats] = answers[0].servers;
      expect(stats).toMatchObject({
        server: 'a',
        concurrency: { used: 0, limit: 5 },
        refused: { NoSuchMethod: 30, UnsupportedVersion: 1 },
      });
      const counted = stats?.methods.filter(({ calls }) => calls > 0);
      expect(counted).toMatchObject([
        { name: 'echo', namespace: null, version: '1.5', calls: 2, errors: {} },
        { name: 'fail', calls: 1, errors: { ValueError: 1 } },
      ]);
      const { mean = 0, p50 = 0, max = 0 } = counted?.[0]?.duration ?? {};
      expect(Math.min(mean, p50)).toBeGreaterThan(0);
      expect(Math.max(mean, p50)).toBeLessThanOrEqual(max);
      expect(stats?.methods.find(({ name: title }) => title === 'never')).toMatchObject({ calls: 0, duration: null });
      expect(JSON.stringify(answers)).not.toMatch(/s3cret|guest|unknown/);
    });

    it('counts the requests in work', async () => {
      const { caller, target, topic } = await serveAll(['a']);
      for (let index = 0; index < 2; index++) clientOf(topic, { server: 'a' }).cast({}, 'never');
      const used = async () => (await discoverStats(caller, target.with({ server: 'a' }))).servers[0]?.concurrency.used;
      await expect.poll(used, { timeout: 10_000 }).toBe(2);
    });

    it('is off by default, and leaves the name to an endpoint', async () => {
      const { topic } = await serveAll([], ['a']);
      for (const method of ['oslo_rpc_server_info', 'oslo_rpc_server_stats']) {
        const error: unknown = await clientOf(topic)
          .call({}, method)
          .catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(RemoteError);
        expect(error).toMatchObject({ excType: 'NoSuchMethod' });
      }
      const own = uniqueTopic();
      const endpoint = { oslo_rpc_server_info: () => 'own' };
      await serve(own, 'a', [endpoint], { transport: connect({ rpcDiscoveryEnabled: true }) });
      expect(await clientOf(own).call({}, 'oslo_rpc_server_info')).toBe('own');
      expect(await discoverServers(connect(), new Target({ topic: own, server: 'a' }))).toEqual({
        servers: [],
        others: 1,
      });
    });

    it('refuses a target without a topic, and unknown options', async () => {
      const caller = connect();
      const target = new Target({ topic: 'any' });
      await expect(discoverServers(caller, new Target({}))).rejects.toBeInstanceOf(InvalidTarget);
      await expect(discoverServers(caller, target, { timout: 1 } as never)).rejects.toThrow(/did you mean "timeout"/);
      await expect(discoverServers(caller, target, { servers: 0 })).rejects.toBeInstanceOf(ConfigurationError);
      await expect(discoverServers(caller, {} as never)).rejects.toBeInstanceOf(ConfigurationError);
    });
  });
}
