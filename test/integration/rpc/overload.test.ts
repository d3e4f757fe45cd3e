import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  discoverStats,
  getRpcClient,
  getRpcServer,
  getRpcTransport,
  type RPCClient,
  ServerOverloaded,
  Target,
  type Transport,
} from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { diagnose, isFault } from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import { osloRpc } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { LogRecorder } from '../../support/log-recorder.js';
import { silent } from '../../support/silent.js';

const TIMEOUT_MS = 6000;
/** Time that the handler needs. With 5 % for the reply, a call can wait for 4200 ms. */
const NEED_MS = 1500;
const TOO_LONG_MS = 4600;
/** Longer than a quarter of 4200 ms, the wait from which calls are refused during a proved overload. */
const LONG_MS = 1300;

describeWithRabbit('a server whose only slot is taken', () => {
  const logger = new LogRecorder();
  const started: unknown[] = [];
  const release: (() => void)[] = [];
  let serving: Transport;
  let calling: Transport;
  let client: RPCClient;
  let topic: string;

  const overloadOf = async () => {
    const { servers } = await discoverStats(calling, new Target({ topic, server: 'a' }));
    return servers.map(({ overload }) => overload);
  };
  /** Faults other than that the only slot is taken. */
  const faults = async () => {
    const options = { transportUrl: rabbitUrl, logger: silent };
    const found = await diagnose(options, [new Target({ topic })], { askServers: 'always' });
    return found.filter((finding) => isFault(finding) && finding.state !== 'slow');
  };
  const work = (id: string) => client.call({}, 'work', { id });
  const outcomeOf = (call: Promise<unknown>) => call.catch((error: unknown) => error);
  const hasStarted = (id: string) => eventually(() => expect(started).toContain(id));
  const finish = (): void => {
    for (const end of release.splice(0)) end();
  };

  beforeAll(async () => {
    topic = uniqueTopic('overload');
    serving = getRpcTransport({
      transportUrl: rabbitUrl,
      logger,
      concurrency: 1,
      loadShedding: true,
      rpcDiscoveryEnabled: true,
    });
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

  it('refuses a call before the deadline, because its handler could not end in time', async () => {
    expect(await overloadOf()).toEqual([{ refusing: false, refused: 0 }]);
    const held = client.prepare({ timeout: 60 }).call({}, 'work', { id: 'held' });
    await hasStarted('held');
    const late = outcomeOf(work('late'));
    await pause(TOO_LONG_MS);
    finish();
    expect(await late).toBeInstanceOf(ServerOverloaded);
    expect(await late).toMatchObject({ code: 'SERVER_OVERLOADED', method: 'work' });
    await held;
    expect(started).not.toContain('late');
    // Those who ask the server hear so.
    expect(await overloadOf()).toEqual([{ refusing: true, refused: 1 }]);
    const text = '1 of 1 answering server refuses calls now (a); 1 call refused so far';
    expect(await faults()).toMatchObject([{ kind: 'topic', name: topic, state: 'overloaded', text }]);
    const described = await osloRpc(['describe', '--url', rabbitUrl, '--topic', topic, '--server', 'a']);
    expect(described.stdout).toContain('  overloaded: refuses calls now; 1 call refused by load shedding\n');
  });

  it('starts a call that has waited long but is in time, and casts, after one refusal', async () => {
    const running = work('running');
    await hasStarted('running');
    // One call is read ahead. The others wait in the queue.
    const next = work('next');
    const waited = work('waited');
    await client.cast({}, 'note', { id: 'cast' });
    await pause(LONG_MS);
    for (const id of ['next', 'waited']) {
      finish();
      await hasStarted(id);
    }
    finish();
    expect(await Promise.all([running, next, waited])).toEqual(['running', 'next', 'waited']);
    await hasStarted('cast');
    expect(serving.counts.shedRequests).toBe(1);
    expect(logger.messages(/Overloaded: calls in .* have waited/, 'warn')).toHaveLength(1);
  });
});

describeWithRabbit('a server without load shedding', () => {
  it('starts a call that cannot end in time any more', async () => {
    const topic = uniqueTopic('overload');
    const started: unknown[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const endpoint = {
      work(_context: unknown, { id }: { id: unknown }): unknown {
        started.push(id);
        return id === 'held' ? held : id;
      },
    };
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, concurrency: 1 });
    try {
      await getRpcServer(transport, new Target({ topic, server: 'a' }), [endpoint]).start();
      const client = getRpcClient(transport, new Target({ topic }), { timeout: '2s' });
      const first = client.call({}, 'work', { id: 'held' }).catch(() => undefined);
      await eventually(() => expect(started).toEqual(['held']));
      const late = client.call({}, 'work', { id: 'late' }).catch((error: unknown) => error);
      await pause(1925);
      release();
      expect(await late).not.toBeInstanceOf(ServerOverloaded);
      expect(transport.counts.shedRequests).toBe(0);
      await first;
    } finally {
      release();
      await transport.cleanup();
    }
  });
});

describeWithRabbit('a server with one slot that is busy for a third of the time', () => {
  const CALLS = 150;
  const EVERY_MS = 20;
  const TIMEOUT = 1000;
  const BEHIND_MS = 1100;

  it('refuses no call of a caller whose clock is behind by its timeout', async () => {
    const topic = uniqueTopic('behind');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, logger: silent, concurrency: 1, loadShedding: true });
    const endpoint = { work: () => pause(7) };
    const failures: unknown[] = [];
    let answered = 0;
    try {
      await getRpcServer(transport, new Target({ topic, server: 'a' }), [endpoint]).start();
      await withChannel(rabbitUrl, async (channel) => {
        const id = () => randomUUID().replaceAll('-', '');
        const replies = `reply_${id()}`;
        await channel.assertQueue(replies, { durable: false, autoDelete: true });
        await channel.consume(replies, (message) => {
          const reply = JSON.parse(JSON.parse(String(message?.content))['oslo.message']);
          if (reply.failure) failures.push(reply.failure);
          if (reply.ending) answered++;
        });
        const call = (): void => {
          const request = { method: 'work', args: {}, _msg_id: id(), _reply_q: replies, _unique_id: id() };
          const body = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(request) };
          channel.sendToQueue(topic, Buffer.from(JSON.stringify(body)), {
            expiration: `${TIMEOUT}`,
            contentType: 'application/json',
            contentEncoding: 'utf-8',
            headers: { 'x-deadline': performance.timeOrigin + performance.now() - BEHIND_MS + TIMEOUT },
          });
        };
        for (let sent = 0; sent < CALLS; sent++) {
          call();
          // Each third time, two calls come at once, so that one waits for the slot.
          if (sent % 3 === 0) call();
          await pause(EVERY_MS);
        }
        // On a machine that stands still for a second, calls expire in their queue.
        await eventually(async () => {
          expect(await channel.checkQueue(topic)).toMatchObject({ messageCount: 0 });
          expect(transport.health().inWork).toBe(0);
          expect(answered).toBeGreaterThan(CALLS);
        });
      });
      expect(failures).toEqual([]);
      expect(transport.counts.shedRequests).toBe(0);
    } finally {
      await transport.cleanup();
    }
  });
});
