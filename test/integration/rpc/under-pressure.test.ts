import { fileURLToPath } from 'node:url';
import { getRpcClient, getRpcTransport, ServerOverloaded, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueDepth } from '../../../testkit/amqp.js';
import { Child } from '../../support/child.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

const pathOf = (file: string) => fileURLToPath(new URL(`../../support/${file}`, import.meta.url));

/** Time between two calls, in which each handler does a quarter of its work or less. */
const INTERVAL_MS = 2.5;
const TIMEOUT = '1s';

describeWithRabbit('a server that is called more often than its handlers finish', () => {
  let transport: Transport;
  let topic: string;
  let server: Child;

  beforeEach(() => {
    topic = uniqueTopic('pressed');
    transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
  });
  afterEach(async () => {
    await transport.cleanup();
    await server.stop();
  });

  it.each(['at-most-once', 'at-least-once', 'computing'])(
    'refuses calls without running them, answers the others, and leaves none in its queue: %s',
    async (mode) => {
      server = new Child('--import', [pathOf('typescript.mjs'), pathOf('pressed-server.ts'), rabbitUrl, topic, mode]);
      await server.prints(/serving/);
      const client = getRpcClient(transport, new Target({ topic }), { timeout: TIMEOUT });
      const answered = new Set<number>();
      const refused = new Set<number>();
      const pending = new Set<Promise<void>>();
      let sent = 0;
      const call = (id: number): void => {
        const settled = client.call({}, 'work', { id }).then(
          () => void answered.add(id),
          (error: unknown) => void (error instanceof ServerOverloaded && refused.add(id)),
        );
        pending.add(settled);
        void settled.finally(() => pending.delete(settled));
      };
      const started = performance.now();
      const timer = setInterval(() => {
        while (sent < (performance.now() - started) / INTERVAL_MS) call(sent++);
      }, 5);
      try {
        await eventually(() => expect(refused.size).toBeGreaterThan(100), { within: 30_000 });
        const before = answered.size;
        await eventually(() => expect(answered.size).toBeGreaterThan(before + 30), { within: 30_000 });
      } finally {
        clearInterval(timer);
      }
      await Promise.all(pending);
      const runs = await client.prepare({ timeout: '30s' }).call<number[]>({}, 'runs');
      expect(runs.filter((id) => refused.has(id))).toEqual([]);
      expect(new Set(runs).size).toBe(runs.length);
      await eventually(async () => expect((await queueDepth(rabbitUrl, topic))?.messages).toBe(0));
    },
  );
});
