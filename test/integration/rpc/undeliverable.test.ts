import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessageUndeliverable,
  MessagingTimeout,
  type OsloMessagingOptions,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

/** Milliseconds: what the broker knows at once does not take until the deadline, which is 20 s away. */
const SOON = 10_000;

const transports = [
  { name: 'memory', url: 'memory://', describe },
  { name: 'rabbit', url: rabbitUrl, describe: describeWithRabbit },
];

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function connect(transportUrl: string, options: OsloMessagingOptions = {}): Transport {
  const transport = getRpcTransport({ transportUrl, logger: silent, rpcResponseTimeout: 20, ...options });
  open.push(() => transport.cleanup());
  return transport;
}

async function expectUndeliverable(call: Promise<unknown>): Promise<void> {
  const began = performance.now();
  await expect(call).rejects.toBeInstanceOf(MessageUndeliverable);
  await expect(call).rejects.toMatchObject({ code: 'UNDELIVERABLE', method: 'any', target: expect.any(Target) });
  expect(performance.now() - began).toBeLessThan(SOON);
}

for (const { name, url, describe } of transports) {
  describe(`an undeliverable message on ${name}`, () => {
    function client(transport: Transport, fields: ConstructorParameters<typeof Target>[0] = {}): RPCClient {
      return getRpcClient(transport, new Target({ topic: uniqueTopic('nobody'), ...fields }));
    }

    it('rejects its call at once, and is counted', async () => {
      const transport = connect(url);
      await expectUndeliverable(client(transport).call({}, 'any'));
      await expectUndeliverable(client(transport, { server: 'gone' }).call({}, 'any'));
      expect(transport.counts.undeliverable).toBe(2);
    });

    it('rejects its call at once without the exchange', async () => {
      const transport = connect(url);
      const exchange = uniqueTopic('exchange');
      await expectUndeliverable(client(transport, { exchange }).call({}, 'any'));
      if (url === rabbitUrl) await withChannel(rabbitUrl, (channel) => channel.deleteExchange(exchange));
    });

    it('rejects its call at once, even with arguments deeper than the local limit', async () => {
      let deep: unknown = [];
      for (let level = 0; level < 500; level++) deep = [deep];
      await expectUndeliverable(client(connect(url, { limits: { depth: 50 } })).call({}, 'any', { deep }));
    });

    it('rejects its call at once, among many that are answered', async () => {
      const transport = connect(url);
      const topic = uniqueTopic('busy');
      const server = getRpcServer(connect(url), new Target({ topic, server: 'a' }), [
        { echo: (_ctxt: unknown, { value }: { value: number }) => value },
      ]);
      await server.start();
      open.push(() => server.stop());
      const busy = getRpcClient(transport, new Target({ topic }));
      const nobody = client(transport);
      const calls = Array.from({ length: 1000 }, (_, value) =>
        value % 5 === 0
          ? expectUndeliverable(nobody.call({}, 'any')).then(() => value)
          : busy.call<number>({}, 'echo', { value }),
      );
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 1000 }, (_, value) => value));
      expect(transport.counts.undeliverable).toBe(200);
    });

    it('rejects a cast with atLeastOnce, and no other', async () => {
      const transport = connect(url);
      const nobody = client(transport);
      await nobody.cast({}, 'any');
      expect(transport.counts.undeliverable).toBe(0);
      await expectUndeliverable(nobody.prepare({ transportOptions: { atLeastOnce: true } }).cast({}, 'any'));
      expect(transport.counts.undeliverable).toBe(1);
    });

    it('lets a call with atLeastOnce: false wait until its deadline', async () => {
      const transport = connect(url);
      const nobody = client(transport).prepare({ timeout: '300ms', transportOptions: { atLeastOnce: false } });
      await expect(nobody.call({}, 'any')).rejects.toBeInstanceOf(MessagingTimeout);
      expect(transport.counts.undeliverable).toBe(0);
    });
  });
}

describeWithRabbit('an undeliverable message on a connection that was lost', () => {
  it('rejects a call at once when the connection is back', async () => {
    const proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    const rabbit = { rabbitRetryInterval: '50ms', rabbitIntervalMax: '200ms' };
    const transport = connect(rabbitUrl.replace(/:\d+\//, `:${proxy.port}/`), { rabbit });
    const nobody = getRpcClient(transport, new Target({ topic: uniqueTopic('nobody') }));
    await expectUndeliverable(nobody.call({}, 'any'));
    for (let round = 1; round <= 3; round++) {
      await proxy.refuse();
      proxy.cut();
      await eventually(() => expect(proxy.connections).toBe(0));
      const calls = Array.from({ length: 50 }, () => expectUndeliverable(nobody.call({}, 'any')));
      await proxy.accept();
      await Promise.all(calls);
      await expectUndeliverable(nobody.call({}, 'any'));
    }
    expect(transport.counts.undeliverable).toBe(1 + 3 * 51);
  });
});
