import { setTimeout as pause } from 'node:timers/promises';
import {
  getRpcClient,
  getRpcServer,
  getRpcTransport,
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

const TIMEOUT_MS = 3000;
/** Time that the handler needs. With 5 % for the reply, a call can wait for 2350 ms. */
const NEED_MS = 500;
const TOO_LONG_MS = 2600;
/** Longer than the quarter of 2350 ms that a call may wait in the queue during an overload. */
const LONG_MS = 900;

describeWithRabbit('a server whose only slot is taken', () => {
  const logger = new LogRecorder();
  const started: unknown[] = [];
  const release: (() => void)[] = [];
  let serving: Transport;
  let calling: Transport;
  let client: RPCClient;

  const work = (id: string) => client.call({}, 'work', { id });
  const outcomeOf = (call: Promise<unknown>) => call.catch((error: unknown) => error);
  const hasStarted = (id: string) => eventually(() => expect(started).toContain(id));
  const finish = (): void => {
    for (const end of release.splice(0)) end();
  };

  beforeAll(async () => {
    const topic = uniqueTopic('overload');
    serving = getRpcTransport({ transportUrl: rabbitUrl, logger, concurrency: 1 });
    calling = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    const endpoint = {
      work(_context: unknown, { id }: { id: unknown }): Promise<unknown> {
        started.push(id);
        return new Promise((resolve) => release.push(() => resolve(id)));
      },
      note(_context: unknown, { id }: { id: unknown }): void {
        started.push(id);
      },
    };
    await getRpcServer(serving, new Target({ topic, server: 'a' }), [endpoint]).start();
    client = getRpcClient(calling, new Target({ topic }), { timeout: `${TIMEOUT_MS}ms` });
    // The server measures the second call, since it has to wait.
    const calls = [work('first'), work('measured')];
    await hasStarted('first');
    finish();
    await hasStarted('measured');
    await pause(NEED_MS);
    finish();
    await Promise.all(calls);
  });

  afterAll(async () => {
    finish();
    await calling.cleanup();
    await serving.cleanup();
  });

  it('refuses a call before the deadline whose handler could not end in time', async () => {
    const held = work('held');
    await hasStarted('held');
    const late = outcomeOf(work('late'));
    await pause(TOO_LONG_MS);
    finish();
    expect(await late).toBeInstanceOf(ServerOverloaded);
    expect(await late).toMatchObject({ code: 'SERVER_OVERLOADED', method: 'work' });
    await held;
    expect(started).not.toContain('late');
  });

  it('refuses calls that have waited from then on, and starts fresh calls and casts', async () => {
    const running = work('running');
    await hasStarted('running');
    // One call is read ahead. The others wait in the queue.
    const next = work('next');
    const waited = outcomeOf(work('waited'));
    await client.cast({}, 'note', { id: 'cast' });
    await pause(LONG_MS);
    finish();
    await hasStarted('next');
    expect(await waited).toBeInstanceOf(ServerOverloaded);
    const fresh = work('fresh');
    finish();
    await hasStarted('fresh');
    finish();
    expect(await Promise.all([running, next, fresh])).toEqual(['running', 'next', 'fresh']);
    expect(started).toContain('cast');
    expect(started).not.toContain('waited');
    expect(serving.counts.shedRequests).toBe(2);
    expect(logger.messages(/Overloaded: calls in .* have waited/, 'warn')).toHaveLength(1);
  });
});
