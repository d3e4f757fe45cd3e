import {
  getNotificationTransport,
  getRpcServer,
  getRpcTransport,
  Notifier,
  RPCClient,
  Target,
} from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { isDenying, PERMITTED_QUERY } from '../../testkit/release.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithPython, describeWithRabbitControl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ManagementApi } from '../support/management.js';
import { PythonPeer } from '../support/python-peer.js';

const QUORUM = 'rabbit_quorum_queue=true';
const LIMITS = 'rabbit_quorum_delivery_limit=3&rabbit_quroum_max_memory_length=50&rabbit_quroum_max_memory_bytes=60000';

const QUERIES = [
  'rabbit_quorum_queue=false',
  'amqp_durable_queues=true',
  'amqp_auto_delete=on&rabbit_transient_queues_ttl=90',
  'amqp_durable_queues=1&amqp_auto_delete=1&kombu_compression=zlib',
  QUORUM,
  `${QUORUM}&${LIMITS}&kombu_compression=gzip`,
  'rabbit_ha_queues=yes&enable_cancel_on_failover=true',
];

/** Queries for a broker that denies transient queues. */
const PERMITTED_QUERIES = [
  PERMITTED_QUERY,
  `${PERMITTED_QUERY}&rabbit_transient_queues_ttl=90&kombu_compression=zlib`,
  `${PERMITTED_QUERY}&rabbit_quorum_delivery_limit=3&kombu_compression=gzip`,
  'amqp_durable_queues=true&rabbit_quorum_queue=false&rabbit_transient_quorum_queue=true',
];
const TOPIC = 'topo';
const LONG = 'compressible '.repeat(2000);

describeWithPython('under one transport URL', () => {
  describeWithRabbitControl('Python and we', () => {
    let node: RabbitNode;
    let management: ManagementApi;
    const cleanups: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      node = await borrowNode();
      management = new ManagementApi(node);
    });
    afterAll(() => returnNode(node));
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    /** Everything that declares something: a server, a call, a cast, a fanout, a notification. */
    async function useOurs(transportUrl: string) {
      const warnings: string[] = [];
      const ignore = () => undefined;
      const logger = { debug: ignore, log: ignore, error: ignore, warn: (line: string) => void warnings.push(line) };
      const options = { transportUrl, logger, rpcResponseTimeout: '15s' };
      const transport = getRpcTransport(options);
      const notifications = getNotificationTransport(options);
      const seen: { from: string }[] = [];
      const endpoint = {
        whoami: () => 'ours',
        echo: (_context: object, args: object) => args,
        record: (_context: object, args: { from: string }) => void seen.push(args),
      };
      const server = getRpcServer(transport, new Target({ topic: TOPIC, server: 'ours' }), [endpoint]);
      await server.start();
      cleanups.push(async () => {
        await server.stop();
        await Promise.all([transport.cleanup(), notifications.cleanup()]);
      });
      const client = new RPCClient(transport, new Target({ topic: TOPIC }));
      expect(await client.prepare({ server: 'ours' }).call({}, 'whoami')).toBe('ours');
      await client.prepare({ server: 'ours' }).cast({}, 'record', { from: 'cast' });
      await client.prepare({ fanout: true }).cast({}, 'record', { from: 'fanout' });
      await new Notifier(notifications, { publisherId: 'p', topics: ['events'] }).info({}, 'happened', { LONG });
      return { client, seen, warnings };
    }

    async function usePython(url: string): Promise<PythonPeer> {
      const peer = await PythonPeer.start(url);
      cleanups.push(() => peer.stop());
      await peer.startServer({ topic: TOPIC, server: 'python' });
      const request = { topic: TOPIC, server: 'python' };
      expect(await peer.call({ ...request, method: 'whoami' })).toBe('python');
      await peer.cast({ ...request, method: 'record', args: { from: 'cast' } });
      await peer.cast({ topic: TOPIC, fanout: true, method: 'record', args: { from: 'fanout' } });
      await peer.notify({ topic: 'events', publisherId: 'p', eventType: 'happened', payload: { LONG } });
      return peer;
    }

    it.each(isDenying ? PERMITTED_QUERIES : QUERIES)(
      '?%s declare the same topology, and call each other',
      async (query) => {
        const [theirs, ours] = [await management.addVhost(), await management.addVhost()];
        const peer = await usePython(`${theirs.url}?${query}`);
        await useOurs(`${ours.url}?${query}`);
        const declared = async (vhost: string) => {
          const { exchanges, queues, bindings } = await management.topology(vhost);
          return JSON.parse(
            JSON.stringify({ exchanges, queues, bindings }).replaceAll(`${TOPIC}.python`, `${TOPIC}.ours`),
          );
        };
        expect(await declared(ours.vhost)).toEqual(await declared(theirs.vhost));

        // Now both in one virtual host: neither is in the other's way.
        const { client, seen, warnings } = await useOurs(`${theirs.url}?${query}`);
        expect(await client.prepare({ server: 'python' }).call({}, 'echo', { long: LONG })).toEqual({ long: LONG });
        expect(await peer.call({ topic: TOPIC, server: 'ours', method: 'echo', args: { long: LONG } })).toEqual({
          long: LONG,
        });
        await peer.cast({ topic: TOPIC, fanout: true, method: 'record', args: { from: 'python' } });
        await eventually(() => {
          expect(seen.map(({ from }) => from).toSorted()).toEqual(['cast', 'fanout', 'python']);
        });
        await eventually(async () => {
          const fanouts = await peer.receivedRpcs('record');
          // Its own cast and fanout, our fanout, and its second one.
          expect(fanouts.map(({ args }) => args['from']).toSorted()).toEqual(['cast', 'fanout', 'fanout', 'python']);
        });
        expect(warnings).toEqual([]);
      },
    );

    it.each([
      ['Python alone compresses', 'kombu_compression=gzip', ''],
      ['we alone compress', '', 'kombu_compression=gzip'],
    ])('call each other if %s', async (_name, theirs, ours) => {
      const { url } = await management.addVhost();
      const peer = await usePython(`${url}?${theirs}`);
      await peer.forget();
      const { client } = await useOurs(`${url}?${ours}`);
      expect(await client.prepare({ server: 'python' }).call({}, 'echo', { long: LONG })).toEqual({ long: LONG });
      const request = { topic: TOPIC, server: 'ours', method: 'echo', args: { long: LONG } };
      expect(await peer.call(request)).toEqual({ long: LONG });
      await peer.listenNotifications({ topics: ['events'] });
      await eventually(async () => {
        const payloads = (await peer.receivedNotifications()).map(({ payload }) => payload);
        expect(payloads).toEqual([{ LONG }, { LONG }]);
      });
    });

    it.skipIf(isDenying)('share an exchange that one declares as transient and the other as durable', async () => {
      const { url } = await management.addVhost();
      const peer = await usePython(url);
      const { client, warnings } = await useOurs(`${url}?amqp_durable_queues=true`);
      expect(await client.prepare({ server: 'python' }).call({}, 'whoami')).toBe('python');
      expect(await peer.call({ topic: TOPIC, server: 'ours', method: 'whoami' })).toBe('ours');
      expect(warnings.length).toBeGreaterThan(0);
      for (const line of warnings) expect(line).toContain("durable is 'false', not 'true'");
    });
  });
});
