import {
  ClientSendError,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessagingTimeout,
  Target,
} from 'nestjs-oslo-messaging';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { uniqueTopic } from '../../support/environment.js';
import { fakeTime, passing } from '../../support/fake-time.js';
import { silent } from '../../support/silent.js';

/** Answers when it is told to. */
class Gate {
  readonly #waiting: (() => void)[] = [];
  calls = 0;

  wait(): Promise<void> {
    this.calls++;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await (vi.isFakeTimers() ? passing(close()) : close());
  vi.useRealTimers();
});

async function start(limits: { pendingCalls?: number } = {}) {
  const transport = getRpcTransport({
    transportUrl: 'memory://',
    concurrency: 2000,
    drainTimeout: 0.1,
    limits,
    logger: silent,
  });
  closing.push(() => transport.cleanup());
  const topic = uniqueTopic();
  const gate = new Gate();
  const server = getRpcServer(transport, new Target({ topic, server: 'a' }), [gate]);
  await server.start();
  closing.push(() => server.stop());
  return { gate, transport, client: getRpcClient(transport, new Target({ topic })) };
}

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('pending calls', () => {
  it('share one timer', async () => {
    const { gate, client } = await start();
    const before = timers();
    const calls = Promise.all(Array.from({ length: 1000 }, () => client.call({}, 'wait')));
    await expect.poll(() => gate.calls, { timeout: 10_000 }).toBe(1000);
    // The test runner has some of its own.
    expect(timers() - before).toBeLessThan(20);
    gate.open();
    await calls;
  });

  it('time out at their own deadlines', async () => {
    fakeTime();
    const { client } = await passing(start());
    const lateness = Array.from({ length: 300 }, async (_, index) => {
      const timeout = 50 + ((index * 37) % 400);
      const begin = performance.now();
      const call = client.prepare({ timeout: `${timeout}ms` }).call({}, 'wait');
      await expect(call).rejects.toBeInstanceOf(MessagingTimeout);
      const elapsed = performance.now() - begin;
      expect(elapsed).toBeGreaterThanOrEqual(timeout);
      return elapsed - timeout;
    });
    // Deadlines are looked at every 10 ms.
    expect(Math.max(...(await passing(Promise.all(lateness))))).toBeLessThan(20);
  });

  it('beyond the limit are refused before they are sent, and counted', async () => {
    const { gate, client, transport } = await start({ pendingCalls: 2 });
    const calls = [client.call({}, 'wait'), client.call({}, 'wait')];
    await expect(client.call({}, 'wait')).rejects.toBeInstanceOf(ClientSendError);
    await expect.poll(() => gate.calls, { timeout: 10_000 }).toBe(2);
    gate.open();
    await Promise.all(calls);
    expect(gate.calls).toBe(2);
    expect(transport.counts.overLimit).toBe(1);
  });
});
