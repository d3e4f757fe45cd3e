import { randomUUID } from 'node:crypto';
import { MessageDeliveryFailure, MessagingTimeout } from 'nestjs-oslo-messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

const HEARTBEAT = 1;
const HOUR = 3_600_000;

describeWithRabbit('irregular time', () => {
  const ran: unknown[] = [];
  let release: () => void;
  let held: Promise<void>;
  let served: ServedTopic;

  const endpoint = {
    note: (_ctxt: unknown, { id }: { id: unknown }) => void ran.push(id),
    hold: async () => {
      ran.push('begun');
      await held;
      return 'done';
    },
  };

  beforeEach(() => {
    ran.length = 0;
    held = new Promise((resolve) => {
      release = resolve;
    });
  });
  afterEach(async () => {
    vi.useRealTimers();
    release();
    await served.close();
  });

  it('reconnects after a blocked event loop during which the broker closed the connections', async () => {
    // Without the proxies, which the block would stop as well.
    served = await ServedTopic.open(endpoint, {
      transportUrl: rabbitUrl,
      rabbit: { heartbeatTimeoutThreshold: HEARTBEAT },
    });
    const call = served.client.call({}, 'hold');
    await eventually(() => expect(ran).toEqual(['begun']));
    block(3.5 * HEARTBEAT * 1000);
    for (const { transport } of [served.serving, served.calling]) {
      await eventually(() => expect(transport.counts.lostConnections).toBeGreaterThan(0));
    }
    release();
    expect(await call).toBe('done');
    await served.ping();
    await served.client.prepare({ fanout: true }).cast({}, 'note', { id: 1 });
    await eventually(() => expect(ran).toEqual(['begun', 1]));
  });

  describe.each([1, -1])('with a wall clock that is moved by %i h', (hours) => {
    let now: number;

    beforeEach(() => {
      // The Date alone: the monotonic clock and the timers are as they are.
      vi.useFakeTimers({ toFake: ['Date'] });
      now = Date.now();
    });

    function move(): void {
      now += hours * HOUR;
      vi.setSystemTime(now);
    }

    it('ends no call early or late', async () => {
      served = await ServedTopic.open(endpoint);
      const longCall = served.client.prepare({ timeout: 50 }).call({}, 'hold');
      const began = performance.now();
      const shortCall = served.client.prepare({ timeout: '1500ms' }).call({}, 'hold');
      await eventually(() => expect(ran).toEqual(['begun', 'begun']));
      move();
      await expect(shortCall).rejects.toBeInstanceOf(MessagingTimeout);
      expect(performance.now() - began).toBeGreaterThan(1450);
      expect(performance.now() - began).toBeLessThan(40_000);
      release();
      expect(await longCall).toBe('done');
    });

    it('publishes each message that waits for a connection', async () => {
      served = await ServedTopic.open(endpoint);
      const { proxy } = served.calling;
      await proxy.refuse();
      proxy.cut();
      const cast = served.client.cast({}, 'note', { id: 1 });
      const call = served.client.call({}, 'oslo_rpc_server_ping');
      move();
      await proxy.accept();
      expect(await call).toBe('pong');
      await cast;
      await eventually(() => expect(ran).toEqual([1]));

      await proxy.refuse();
      proxy.cut();
      const began = performance.now();
      const lost = served.client.prepare({ timeout: 1.5 }).cast({}, 'note', { id: 2 });
      move();
      await expect(lost).rejects.toBeInstanceOf(MessageDeliveryFailure);
      expect(performance.now() - began).toBeGreaterThan(1450);
      await proxy.accept();
    });

    it('keeps the duplicates that a server remembers', async () => {
      served = await ServedTopic.open(endpoint);
      const id = randomUUID();
      for (const next of [id, randomUUID(), randomUUID(), id]) {
        const request = JSON.stringify({ method: 'note', args: { id: next }, _unique_id: next });
        await withChannel(rabbitUrl, async (channel) => {
          channel.sendToQueue(served.topic, Buffer.from(request));
          await channel.waitForConfirms();
        });
        await served.ping();
        move();
      }
      await eventually(() => expect(served.serving.transport.counts.duplicates).toBe(1));
      expect(ran).toHaveLength(3);
    });
  });
});

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
