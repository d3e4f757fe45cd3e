import { setTimeout as pause } from 'node:timers/promises';
import {
  type DeliveryMode,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type RPCClient,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const ignore = () => undefined;
/** Milliseconds that a call has: more than it takes to arrive on a busy machine. */
const TIMEOUT_MS = 500;
/** A server counts from the arrival on, which is later than the call, but by less than that. */
const HOP_MS = TIMEOUT_MS;
const MODES: DeliveryMode[] = ['at-most-once', 'at-least-once'];

const transports = [
  { name: 'memory', url: 'memory://', describe },
  { name: 'rabbit', url: rabbitUrl, describe: describeWithRabbit },
];

for (const { name, url, describe } of transports) {
  describe(`a request on ${name} that expires before a slot is free`, () => {
    const open: (() => Promise<unknown>)[] = [];
    let logger: LogRecorder;
    let serving: Transport;
    let client: RPCClient;
    let ran: unknown[];
    let release: () => void;

    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });

    /** A server with one slot, which is taken until the release. */
    async function begin(delivery: DeliveryMode): Promise<{ held: Promise<unknown> }> {
      const topic = uniqueTopic('late');
      const calling = getRpcTransport({ transportUrl: url, logger: silent, rpcResponseTimeout: 10 });
      open.push(() => calling.cleanup());
      logger = new LogRecorder();
      serving = getRpcTransport({ transportUrl: url, logger, delivery, concurrency: 1 });
      open.push(() => serving.cleanup());
      ran = [];
      let holding = false;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const endpoint = {
        hold: () => {
          holding = true;
          return released;
        },
        record(_ctxt: unknown, { id }: { id: unknown }): void {
          ran.push(id);
        },
      };
      // One of each queue: the shared one holds the slot, the server's own is read ahead.
      const server = getRpcServer(serving, new Target({ topic, server: 'a' }), [endpoint]);
      await server.start();
      open.push(() => server.stop());
      open.push(async () => release());
      client = getRpcClient(calling, new Target({ topic, server: 'a' }));
      const held = getRpcClient(calling, new Target({ topic })).call({}, 'hold');
      await eventually(() => expect(holding).toBe(true));
      return { held };
    }

    it.each(MODES)('is not started, but counted and logged once: %s', async (delivery) => {
      const { held } = await begin(delivery);
      const impatient = client.prepare({ timeout: `${TIMEOUT_MS}ms` });
      await expect(impatient.call({}, 'record', { id: 'late' })).rejects.toMatchObject({ code: 'TIMEOUT' });
      await pause(HOP_MS);
      const longCall = client.call({}, 'record', { id: 'in time' });
      const cast = client.cast({}, 'record', { id: 'cast' });
      release();
      await Promise.all([held, longCall, cast]);
      await eventually(() => expect(ran).toContain('cast'));
      expect(ran).not.toContain('late');
      expect(serving.counts.expiredRequests).toBe(1);
      expect(logger.messages(/Dropped a request .* gave up \d+ ms ago/)).toHaveLength(1);
    });

    it('takes no slot, and does not flood the log in large numbers', async () => {
      const { held } = await begin('at-most-once');
      const impatient = client.prepare({ timeout: `${TIMEOUT_MS}ms` });
      const late = Array.from({ length: 20 }, (_, id) => impatient.call({}, 'record', { id }).catch(ignore));
      await Promise.all(late);
      await pause(HOP_MS);
      release();
      await held;
      expect(await client.call({}, 'record', { id: 'in time' })).toBeNull();
      expect(ran).toEqual(['in time']);
      expect(logger.messages(/Dropped a request/, 'warn').length).toBeLessThanOrEqual(1);
    });
  });
}
