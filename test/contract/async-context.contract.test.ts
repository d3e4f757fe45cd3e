import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type BatchedNotification,
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';

const user = new AsyncLocalStorage<string>();
const USERS = ['alice', 'bob', 'carol'];
/** The AsyncLocalStorage of the moment, as JSON has it. */
const seen = () => user.getStore() ?? 'nobody';

/** Guard that enters a context for the rest of this request only, as nestjs-cls does. */
function seenBeforeEntering(name: string): string {
  const before = seen();
  user.enterWith(name);
  return before;
}

const transports = [
  { name: 'memory', url: 'memory://', describeOn: describe },
  { name: 'rabbit', url: rabbitUrl, describeOn: describeWithRabbit },
];

for (const { name, url, describeOn } of transports) {
  describeOn(`The async context on ${name}`, () => {
    const open: (() => Promise<unknown>)[] = [];

    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });

    function connect(options: OsloMessagingOptions = {}): Transport {
      const transport = getRpcTransport({ transportUrl: url, rpcResponseTimeout: 10, logger: silent, ...options });
      open.push(() => transport.cleanup());
      return transport;
    }

    async function serve(transport: Transport, topic: string, endpoint: object): Promise<void> {
      const server = getRpcServer(transport, new Target({ topic, server: 's' }), [endpoint]);
      await server.start();
      open.push(() => server.stop());
    }

    it('of a caller does not reach a handler or another caller', async () => {
      const topic = uniqueTopic();
      const transport = connect();
      await user.run('starter', () => serve(transport, topic, { whoCalls: seen }));
      const client = getRpcClient(transport, new Target({ topic }));
      const call = async (name: string) => user.run(name, async () => [await client.call({}, 'whoCalls'), seen()]);
      // In one tick, and over connections and timers that the first of them began.
      expect(await Promise.all(USERS.map(call))).toEqual(USERS.map((caller) => ['nobody', caller]));
    });

    it('of a client that was made before the server does not reach its handlers', async () => {
      const topic = uniqueTopic();
      const transport = connect();
      const statuses: string[] = [];
      open.push(async () => unsubscribe());
      const unsubscribe = transport.onStatus(() => statuses.push(seen()));
      const client = getRpcClient(transport, new Target({ topic }));
      await user.run('alice', async () => expect(client.call({}, 'whoCalls')).rejects.toThrow(/no server has started/));
      await serve(transport, topic, { whoCalls: seen });
      expect(await user.run('bob', () => client.call({}, 'whoCalls'))).toBe('nobody');
      expect(new Set(statuses)).toEqual(new Set(['nobody']));
    });

    it.each([
      ['at-most-once', 64],
      ['at-most-once', 1],
      ['at-least-once', 1],
    ] as const)('that a handler enters ends with the handler (%s, concurrency %i)', async (delivery, concurrency) => {
      const topic = uniqueTopic();
      await serve(connect({ delivery, concurrency }), topic, {
        enter: (_ctxt: unknown, { name }: { name: string }) => seenBeforeEntering(name),
      });
      const client = getRpcClient(connect(), new Target({ topic }));
      const calls = () => Promise.all(USERS.map((name) => client.call({}, 'enter', { name })));
      expect(await calls()).toEqual(['nobody', 'nobody', 'nobody']);
      expect(await calls()).toEqual(['nobody', 'nobody', 'nobody']);
    });

    it.each([undefined, 2])(
      'that a notification endpoint enters ends with the endpoint (batches of %s)',
      async (batchSize) => {
        const topic = uniqueTopic();
        const transport = connect();
        const got: string[] = [];
        const single = {
          info: (_ctxt: unknown, _publisher: unknown, type: string) => void got.push(seenBeforeEntering(type)),
        };
        const batch = {
          info: ([first]: readonly BatchedNotification[]) =>
            void got.push(seenBeforeEntering(String(first?.eventType))),
        };
        const listener =
          batchSize === undefined
            ? getNotificationListener(transport, [new Target({ topic })], [single])
            : getNotificationListener(transport, [new Target({ topic })], [batch], { batchSize });
        await listener.start();
        open.push(() => listener.stop());
        const notifier = new Notifier(transport, { topics: [topic] });
        const names = batchSize === undefined ? USERS : [...USERS, 'dave'];
        await Promise.all(names.map((name) => user.run(name, () => notifier.info({}, name, 1))));
        const runs = batchSize === undefined ? 3 : 2;
        await eventually(() => expect(got).toEqual(Array.from({ length: runs }, () => 'nobody')));
      },
    );
  });
}
