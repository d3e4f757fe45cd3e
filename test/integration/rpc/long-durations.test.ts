import {
  getNotificationListener,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  Notifier,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const open: Transport[] = [];
const transportWith = (transportUrl: string, drainTimeout: string) => {
  const transport = getRpcTransport({ transportUrl, drainTimeout, logger: silent });
  open.push(transport);
  return transport;
};

/** A timer that has overflowed fires before this one. */
const afterOverflow = () => new Promise((resolve) => setTimeout(resolve, 20));

afterEach(async () => {
  for (const transport of open.splice(0)) await transport.cleanup();
});

describe.each([
  { name: 'memory', url: 'memory://', describe },
  { name: 'rabbit', url: rabbitUrl, describe: describeWithRabbit },
])('$name', ({ url, describe }) => {
  describe('durations that are longer than a timer', () => {
    it('let calls succeed without a wait', async () => {
      const target = new Target({ topic: uniqueTopic('long'), server: 'h' });
      const transport = transportWith(url, '1s');
      await getRpcServer(transport, target, [{ echo: (_ctxt: unknown, { n }: { n: number }) => n }]).start();
      const client = getRpcClient(transport, target);
      const ages = [2_147_483_647, 1e12, '1000h'];
      const calls = Array.from({ length: 21 }, (_, n) =>
        client.prepare({ timeout: ages[n % 3], callMonitorTimeout: ages[n % 2] }).call({}, 'echo', { n }),
      );
      const others = Array.from({ length: 50 }, (_, n) => client.prepare({ timeout: 10 }).call({}, 'echo', { n }));
      expect(await Promise.all(calls)).toEqual(calls.map((_, n) => n));
      expect(await Promise.all(others)).toEqual(others.map((_, n) => n));
      await client.prepare({ timeout: 1e12 }).cast({}, 'echo', { n: 1 });
    });

    it('let a handler finish before its server has stopped', async () => {
      const target = new Target({ topic: uniqueTopic('long'), server: 'h' });
      const transport = transportWith(url, '1000h');
      let release: (value: string) => void = () => undefined;
      let begin: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const endpoint = {
        hold: () => {
          begin();
          return new Promise<string>((resolve) => {
            release = resolve;
          });
        },
      };
      const server = getRpcServer(transport, target, [endpoint]);
      await server.start();
      const held = getRpcClient(transportWith(url, '1s'), target).prepare({ timeout: 10 }).call({}, 'hold');
      await begun;
      let stopped = false;
      const stopping = server.stop().then(() => {
        stopped = true;
      });
      await afterOverflow();
      expect(stopped).toBe(false);
      release('done');
      expect(await held).toBe('done');
      await stopping;
    });

    it('collect a batch until it is full', async () => {
      const topic = uniqueTopic('long');
      const transport = transportWith(url, '1s');
      const batches: number[] = [];
      const full = new Promise<void>((resolve) => {
        const endpoint = {
          info: (batch: readonly unknown[]) => {
            batches.push(batch.length);
            resolve();
          },
        };
        const options = { batchSize: 3, batchTimeout: '1000h' };
        void getNotificationListener(transport, [new Target({ topic })], [endpoint], options).start();
      });
      const notifier = new Notifier(transport, { publisherId: 'p', topics: [topic] });
      for (let n = 0; n < 3; n++) {
        await notifier.info({}, 'event', { n });
        await afterOverflow();
      }
      await full;
      expect(batches).toEqual([3]);
    });
  });
});
