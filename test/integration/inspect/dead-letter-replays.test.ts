import { getNotificationListener, getNotificationTransport, Notifier, Target } from 'nestjs-oslo-messaging';
import { expect, it, onTestFinished } from 'vitest';
import {
  listDeadLetters,
  purgeDeadLetters,
  type ReplayOptions,
  replayDeadLetters,
} from '../../../lib/inspect/index.js';
import { withChannel } from '../../../testkit/amqp.js';
import {
  type DeadLettered,
  declareDead,
  deleteQueues,
  drain,
  publishDead,
  publishDeadAndWait,
  publishTo,
  QUEUE_TYPES,
  requestBody,
  textsOf,
} from '../../support/dead-letters.js';
import { describeWithRabbit, rabbitControl, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { latch } from '../../support/latch.js';
import { silent } from '../../support/silent.js';

const broker = { transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: 30 };

describeWithRabbit('a replay of dead letters', () => {
  async function withDead(args: object = {}): Promise<DeadLettered & { options: ReplayOptions }> {
    const queues = await declareDead(args);
    onTestFinished(() => deleteQueues(queues.original, queues.dead));
    return { ...queues, options: { broker, queue: queues.dead, consent: () => Promise.resolve(true) } };
  }

  const numbered = (count: number) => Array.from({ length: count }, (_, index) => requestBody('work', { index }));

  it.each(QUEUE_TYPES)(
    'moves the chosen messages of a %s queue, and leaves the others in their order',
    async (_name, args) => {
      const { options, ...queues } = await withDead(args);
      const [work, heal] = [numbered(6), numbered(6).map((_, index) => requestBody('heal', { index }))];
      for (let index = 0; index < 6; index++)
        await publishDead(queues, [work[index], heal[index]] as Buffer[], {
          headers: { mine: index, 'x-delivery-count': 3 },
        });
      const result = await replayDeadLetters({ ...options, filter: { method: 'heal' } });
      expect(result).toMatchObject({ matched: 6, replayed: 6, failed: 0, left: 6, failedAgain: null, error: null });
      const moved = await drain(queues.original);
      expect(textsOf(moved)).toEqual(heal.map(String));
      expect(moved[3]?.properties.headers).toEqual({ mine: 3, 'x-replayed': 1, 'x-replay-id': result.replayId });
      expect(moved[3]?.properties).toMatchObject({
        deliveryMode: 2,
        contentType: 'application/json',
        expiration: undefined,
      });
      // A quorum queue before RabbitMQ 4.3 returns what is kept in any order.
      const left = textsOf(await drain(queues.dead));
      if (result.notices.join().includes('in another order')) left.sort();
      expect(left).toEqual(work.map(String).toSorted());
    },
  );

  it('loses nothing where the original queue is missing', async () => {
    const { options, ...queues } = await withDead();
    const bodies = numbered(3);
    await publishDead(queues, bodies);
    await deleteQueues(queues.original);
    const result = await replayDeadLetters(options);
    expect(result).toMatchObject({ matched: 3, replayed: 0, failed: 3, left: 3 });
    expect(result.failures[0]?.reason).toBe(`the queue "${queues.original}" does not exist`);
    expect(textsOf(await drain(queues.dead))).toEqual(bodies.map(String));
  });

  it('keeps messages that the original queue refuses', async () => {
    const { options, ...queues } = await withDead();
    await deleteQueues(queues.original);
    const full = { 'x-max-length': 2, 'x-overflow': 'reject-publish' };
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(queues.original, { durable: true, arguments: full }));
    const bodies = numbered(5);
    await publishDead(queues, bodies);
    const result = await replayDeadLetters(options);
    expect(result).toMatchObject({ matched: 5, replayed: 2, failed: 3, left: 3 });
    expect(result.failures.map(({ reason }) => reason)).toEqual(
      Array(3).fill(expect.stringMatching(/refuses it: it is full/)),
    );
    expect(textsOf(await drain(queues.dead))).toEqual(bodies.slice(2).map(String));
  });

  it.each([
    ['classic', { 'x-max-length': 4 }, 2],
    ['quorum', { 'x-max-length': 4, 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'none' }, 2],
    ['classic', { 'x-max-length-bytes': 10_000 }, 0],
  ])('drops no message of others from a full %s queue with %o', async (_type, full, places) => {
    const { options, ...queues } = await withDead();
    await deleteQueues(queues.original);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(queues.original, { durable: true, arguments: full }));
    const [live, bodies] = [numbered(2), numbered(6)];
    await publishTo(queues.original, live);
    await publishDead(queues, bodies);
    const result = await replayDeadLetters(options);
    expect(result).toMatchObject({ matched: 6, replayed: places, failed: 6 - places, left: 6 - places, error: null });
    expect(result.failures[0]?.reason).toMatch(/would drop its oldest message/);
    expect(textsOf(await drain(queues.original))).toEqual([...live, ...bodies.slice(0, places)].map(String));
    expect(textsOf(await drain(queues.dead))).toEqual(bodies.slice(places).map(String));
  });

  it.skipIf(!rabbitControl)('stops where a policy that it cannot see makes its queue drop messages', async () => {
    const { options, ...queues } = await withDead();
    const policy = uniqueTopic('length');
    await rabbitControl?.rabbitmqctl('set_policy', policy, `^${queues.original}$`, '{"max-length":3}');
    onTestFinished(async () => void (await rabbitControl?.rabbitmqctl('clear_policy', policy)));
    await publishTo(queues.original, numbered(2));
    const bodies = numbered(6);
    await publishDead(queues, bodies);
    const result = await replayDeadLetters(options);
    expect(result).toMatchObject({ replayed: 2, left: 4, error: expect.stringMatching(/probably full and drops/) });
    expect(textsOf(await drain(queues.dead))).toEqual(bodies.slice(2).map(String));
  });

  it('tells what is left at its end, where another program has taken some', async () => {
    const { options, ...queues } = await withDead();
    await publishDead(queues, numbered(30));
    let isTaken = false;
    const result = await replayDeadLetters({
      ...options,
      onProgress: ({ read }) => {
        if (read === 1 && !isTaken) {
          isTaken = true;
          void withChannel(rabbitUrl, (channel) => channel.purgeQueue(queues.dead));
        }
      },
      rate: 10,
    });
    expect(result.left).toBe(0);
    expect(result.notices.join()).not.toMatch(/raise the limit/);
  });

  it('makes a call a cast where its caller is gone, and changes nothing else of it', async () => {
    const { options, ...queues } = await withDead();
    const caller = `reply_${uniqueTopic()}`;
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(caller));
    onTestFinished(() => deleteQueues(caller));
    const gone = { _msg_id: 'abc', _reply_q: `reply_${uniqueTopic()}`, _timeout: 5 };
    const lost = requestBody('work', { big: '12345678901234567890', like: '"_msg_id"' }, gone);
    const waiting = requestBody('work', {}, { ...gone, _reply_q: caller });
    await publishDead(queues, [lost, waiting], { headers: { 'x-deadline': Date.now() - 1000 } });
    expect(await replayDeadLetters({ ...options, dryRun: true })).toMatchObject({
      matched: 2,
      replayed: 0,
      asCasts: 1,
      left: 2,
    });
    expect(await replayDeadLetters(options)).toMatchObject({ replayed: 2, asCasts: 1 });
    const moved = await drain(queues.original);
    expect(textsOf(moved)).toEqual([String(lost).replace('\\"abc\\"', 'null'), String(waiting)]);
    expect(moved[0]?.properties.headers).not.toHaveProperty('x-deadline');
  });

  it('has a listener process its own dead letters, and counts those that fail again', async () => {
    const topic = uniqueTopic('heard');
    const transport = getNotificationTransport({ ...broker, limits: { deliveries: 1 } });
    let isRepaired = false;
    const ran: unknown[] = [];
    const info = (_context: unknown, _publisher: unknown, eventType: string) => {
      if (!isRepaired || eventType === 'bad') throw new Error('no database');
      ran.push(eventType);
    };
    const listener = getNotificationListener(transport, [new Target({ topic })], [{ info }], { allowRequeue: true });
    await listener.start();
    onTestFinished(async () => {
      await listener.stop();
      await transport.cleanup();
      await deleteQueues(`${topic}.info`, `${topic}.info.dead`);
    });
    const notifier = new Notifier(transport, { publisherId: 'p', topics: [topic] });
    await notifier.info({}, 'good', {});
    await notifier.info({}, 'bad', {});
    await publishTo(`${topic}.info`, [Buffer.from('not JSON')]);
    const groups = async () => (await listDeadLetters({ broker, topic })).queues[0]?.groups;
    await eventually(async () => expect(await groups()).toHaveLength(3));
    isRepaired = true;
    let other: Promise<void> | undefined;
    // A dead letter of somebody else, which the replay finds when it looks for its own.
    const onProgress = () => {
      other ??= publishTo(`${topic}.info.dead`, [requestBody('other')]);
    };
    const first = await replayDeadLetters({ broker, topic, watch: '5s', onProgress });
    await other;
    expect(first).toMatchObject({ matched: 3, replayed: 3, failedAgain: 2 });
    expect(ran).toEqual(['good']);
    const unreadable = { kind: 'unreadable', name: null, reason: expect.stringMatching(/not JSON/) };
    const failed = { count: 1, failedAgain: 1, replays: 1 };
    expect(await groups()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...failed, name: 'bad' }),
        expect.objectContaining({ ...failed, ...unreadable }),
      ]),
    );
    await replayDeadLetters({ broker, topic, filter: { method: 'bad' } });
    const again = { name: 'bad', count: 1, replays: 2, originalQueue: `${topic}.info`, kind: 'notification' };
    await eventually(async () =>
      expect(await groups()).toEqual(expect.arrayContaining([expect.objectContaining(again)])),
    );
  });

  it('waits for its rate, and returns the rest when it is interrupted', async () => {
    const { options, ...queues } = await withDead();
    const bodies = numbered(8);
    await publishDead(queues, bodies);
    const controller = new AbortController();
    const begun = latch();
    const onProgress = () => begun.resolve();
    const slow = replayDeadLetters({ ...options, rate: 1 / 3600, signal: controller.signal, onProgress });
    await begun.promise;
    // Without a rate, as many are replayed meanwhile.
    const { options: others, ...fast } = await withDead();
    await publishDead(fast, bodies);
    expect(await replayDeadLetters(others)).toMatchObject({ replayed: 8 });
    controller.abort();
    expect(await slow).toMatchObject({ matched: 2, replayed: 1, left: 7, interrupted: true });
    expect(textsOf(await drain(queues.original))).toEqual(bodies.slice(0, 1).map(String));
    expect(textsOf(await drain(queues.dead))).toEqual(bodies.slice(1).map(String));
  });

  it('is no faster than its rate', async () => {
    const { options, ...queues } = await withDead();
    await publishDead(queues, numbered(4));
    const since = performance.now();
    expect(await replayDeadLetters({ ...options, rate: 2 })).toMatchObject({ replayed: 4 });
    // The first one does not wait.
    expect(performance.now() - since).toBeGreaterThan(1500);
  });

  it('moves to another queue, and says where it does not know the original one', async () => {
    const { options, original, dead } = await withDead();
    const strange = uniqueTopic('strange');
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(strange);
      channel.sendToQueue(strange, requestBody('work'));
      await channel.waitForConfirms();
    });
    onTestFinished(() => deleteQueues(strange));
    const unknown = await replayDeadLetters({ ...options, queue: strange, force: true });
    expect(unknown).toMatchObject({
      failed: 1,
      failures: [{ reason: expect.stringMatching(/name the queue to replay to/) }],
    });
    const moved = await replayDeadLetters({ ...options, queue: strange, to: original, force: true });
    expect(moved).toMatchObject({ replayed: 1 });
    expect(await drain(original)).toHaveLength(1);
    expect(await drain(dead)).toEqual([]);
  });
});

describeWithRabbit('a purge of dead letters', () => {
  it.each(QUEUE_TYPES)(
    'deletes the read and chosen messages of a %s queue, and none that arrives meanwhile',
    async (_name, args) => {
      const queues = await declareDead(args);
      onTestFinished(() => deleteQueues(queues.original, queues.dead));
      const scope = { broker, queue: queues.dead, consent: () => Promise.resolve(true) };
      const [old, other, late] = [requestBody('old'), requestBody('other'), requestBody('old', { late: true })];
      await publishDead(queues, [old, other, old], { at: new Date(Date.now() - 7_200_000) });
      expect(await purgeDeadLetters({ ...scope, dryRun: true })).toMatchObject({ matched: 3, purged: 0, left: 3 });
      let isPublished = false;
      // The walk stands still until the broker has the late one.
      const onProgress = () => {
        if (!isPublished) publishDeadAndWait(queues, late, new Date(0));
        isPublished = true;
      };
      const result = await purgeDeadLetters({ ...scope, filter: { method: 'old', olderThan: '1h' }, onProgress });
      expect(isPublished).toBe(true);
      expect(result).toMatchObject({ matched: 2, purged: 2, left: 1, error: null });
      expect(textsOf(await drain(queues.dead)).toSorted()).toEqual([other, late].map(String).toSorted());
    },
  );
});
