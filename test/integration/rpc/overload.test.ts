import { setTimeout as pause } from 'node:timers/promises';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  MessagingTimeout,
  type RPCClient,
  ServerOverloaded,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const SLOTS = 4;
const HANDLER_MS = 20;
const TIMEOUT_MS = 1000;
/** Calls in each step of 10 ms: four times as many as the slots can finish. */
const STEP_MS = 10;
const CALLS_A_STEP = (4 * SLOTS * STEP_MS) / HANDLER_MS;
const STEPS = 400;
/** The queue needs a timeout and a third to grow so long that calls are too late. */
const SETTLED_MS = 2000;

interface Outcome {
  settledAt: number;
  took: number;
  error: Error | undefined;
}

describeWithRabbit('a server that gets four times as many calls as it can finish', () => {
  const logger = new LogRecorder();
  const outcomes: Outcome[] = [];
  const ran = { early: 0, settled: 0, casts: 0 };
  let serving: Transport;
  let calling: Transport;
  let client: RPCClient;

  beforeAll(async () => {
    const topic = uniqueTopic('overload');
    serving = getRpcTransport({ transportUrl: rabbitUrl, logger, concurrency: SLOTS });
    calling = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const start = performance.now();
    const endpoint = {
      async work(): Promise<void> {
        await pause(HANDLER_MS);
        if (performance.now() - start > SETTLED_MS) ran.settled++;
        else ran.early++;
      },
      note: () => {
        ran.casts++;
      },
    };
    await getRpcServer(serving, new Target({ topic, server: 'a' }), [endpoint]).start();
    client = getRpcClient(calling, new Target({ topic }), { timeout: `${TIMEOUT_MS}ms` });
    const calls: Promise<unknown>[] = [];
    const call = async (from: number): Promise<void> => {
      const error = await client.call({}, 'work').then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      const now = performance.now();
      outcomes.push({ settledAt: now - start, took: now - from, error });
    };
    for (let step = 0; step < STEPS; step++) {
      await pause(start + step * STEP_MS - performance.now());
      for (let n = 0; n < CALLS_A_STEP; n++) calls.push(call(performance.now()));
      if (step === STEPS / 2) calls.push(...Array.from({ length: 20 }, () => client.cast({}, 'note')));
    }
    await Promise.all(calls);
  }, 30_000);

  afterAll(async () => {
    await calling.cleanup();
    await serving.cleanup();
  });

  const settled = () => outcomes.filter(({ settledAt }) => settledAt > SETTLED_MS);
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

  it('answers in time nearly all calls that it starts', () => {
    const answered = settled().filter(({ error }) => error === undefined);
    expect(ran.settled).toBeGreaterThan(0);
    expect(answered.length).toBeGreaterThanOrEqual(ran.settled * 0.9);
    expect(Math.max(...answered.map(({ took }) => took))).toBeLessThanOrEqual(TIMEOUT_MS);
  });

  it('refuses the others early, and lets hardly any time out', () => {
    const refused = settled().filter(({ error }) => error instanceof ServerOverloaded);
    const late = settled().filter(({ error }) => error instanceof MessagingTimeout);
    expect(refused.length).toBeGreaterThan(settled().length / 2);
    expect(median(refused.map(({ took }) => took))).toBeLessThan(TIMEOUT_MS / 2);
    expect(late.length).toBeLessThan(settled().length / 20);
    expect(refused[0]?.error).toMatchObject({ code: 'SERVER_OVERLOADED', method: 'work' });
  });

  it('runs every cast', async () => {
    await eventually(() => expect(ran.casts).toBe(20));
  });

  it('counts the refused calls, and logs the overload once', () => {
    const refused = outcomes.filter(({ error }) => error instanceof ServerOverloaded);
    expect(serving.counts.shedRequests).toBeGreaterThanOrEqual(refused.length);
    expect(logger.messages(/Overloaded: calls in .* have waited/, 'warn')).toHaveLength(1);
  });
});
