import {
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  Notifier,
  type OsloMessagingOptions,
  type RPCServer,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

const transports = [
  { name: 'memory', url: 'memory://', describeOn: describe },
  { name: 'rabbit', url: rabbitUrl, describeOn: describeWithRabbit },
];

for (const { name, url, describeOn } of transports) {
  describeOn(`Unfinished work of a stopped server on ${name}`, () => {
    const open: (() => Promise<unknown>)[] = [];
    const log = new LogRecorder();

    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
      log.clear();
    });

    function connect(options: OsloMessagingOptions = {}): Transport {
      const transport = getRpcTransport({ transportUrl: url, drainTimeout: 0.1, logger: log, ...options });
      open.push(() => transport.cleanup());
      return transport;
    }

    async function serve(transport: Transport, topic: string, host: string, endpoint: object): Promise<RPCServer> {
      const server = getRpcServer(transport, new Target({ topic, server: host }), [endpoint]);
      await server.start();
      open.push(() => server.stop());
      return server;
    }

    /** Begins, and never ends. */
    function hanging() {
      const begun: number[] = [];
      const work = (_ctxt: unknown, { id }: { id: number }) => {
        begun.push(id);
        return new Promise(() => undefined);
      };
      return { begun, work };
    }

    it.each(['the server stops', 'its transport is closed'])(
      'runs on another server at least once when %s',
      async (when) => {
        const topic = uniqueTopic();
        const first = hanging();
        const transport = connect({ delivery: 'at-least-once', concurrency: 2 });
        const server = await serve(transport, topic, 'a', first);
        const client = getRpcClient(connect({ rpcResponseTimeout: 20 }), new Target({ topic }));
        // Two are begun, and one waits.
        const call = client.call({}, 'work', { id: 1 });
        await eventually(() => expect(first.begun).toEqual([1]));
        for (const id of [2, 3]) await client.cast({}, 'work', { id });
        await eventually(() => expect(first.begun).toEqual([1, 2]));
        if (when === 'the server stops') await server.stop();
        else await transport.cleanup();
        const done: number[] = [];
        const work = (_ctxt: unknown, { id }: { id: number }) => `${done.push(id)} done`;
        await serve(connect({ delivery: 'at-least-once' }), topic, 'b', { work });
        expect(await call).toMatch(/done/);
        await eventually(() => expect(done.sort()).toEqual([1, 2, 3]));
        expect(first.begun).toEqual([1, 2]);
      },
    );

    it('counts as returned on the next server', async () => {
      const topic = uniqueTopic();
      const first = hanging();
      const server = await serve(connect({ delivery: 'at-least-once' }), topic, 'a', first);
      const client = getRpcClient(connect(), new Target({ topic }));
      await client.cast({}, 'work', { id: 1 });
      await eventually(() => expect(first.begun).toEqual([1]));
      await server.stop();
      await serve(connect({ delivery: 'at-least-once', limits: { deliveries: 1 } }), topic, 'b', hanging());
      const line =
        name === 'memory' ? /^Dropped a request .* returned 1 time/ : /^Dead-lettered a request .* returned 1 time/;
      await eventually(() => expect(log.messages(line)).toHaveLength(1));
    });

    it('does not run again at most once, while waiting requests run on another server', async () => {
      const topic = uniqueTopic();
      const first = hanging();
      const server = await serve(connect({ concurrency: 1 }), topic, 'a', first);
      const client = getRpcClient(connect(), new Target({ topic }));
      for (const id of [1, 2]) await client.cast({}, 'work', { id });
      await eventually(() => expect(first.begun).toEqual([1]));
      await server.stop();
      const second = hanging();
      await serve(connect(), topic, 'b', second);
      await client.cast({}, 'work', { id: 3 });
      await eventually(() => expect(second.begun).toEqual([2, 3]));
    });

    it.each(['the listener stops', 'its transport is closed'])(
      'is redelivered as a notification when %s',
      async (when) => {
        const topic = uniqueTopic();
        const begun: unknown[] = [];
        const slow = {
          info: (_ctxt: unknown, _publisher: unknown, _type: unknown, payload: unknown) => {
            begun.push(payload);
            return new Promise<void>(() => undefined);
          },
        };
        const transport = connect({ concurrency: 2 });
        const listener = getNotificationListener(transport, [new Target({ topic })], [slow]);
        await listener.start();
        const notifier = new Notifier(connect(), { topics: [topic] });
        for (const id of [1, 2, 3]) await notifier.info({}, 'vnf.create', id);
        await eventually(() => expect(begun).toEqual([1, 2]));
        if (when === 'the listener stops') await listener.stop();
        else await transport.cleanup();
        const got: unknown[] = [];
        const quick = { info: (_c: unknown, _p: unknown, _t: unknown, payload: unknown) => void got.push(payload) };
        const second = getNotificationListener(connect(), [new Target({ topic })], [quick]);
        await second.start();
        open.push(() => second.stop());
        await eventually(() => expect(got.sort()).toEqual([1, 2, 3]));
      },
    );
  });
}
