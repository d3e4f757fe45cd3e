import { expect, it, onTestFinished } from 'vitest';
import { brokerVersion } from '../../../lib/drivers/rabbit/connection/broker-version.js';
import { type DeadLetterScope, findDeadLetter, listDeadLetters } from '../../../lib/inspect/index.js';
import { queueDepth, withChannel } from '../../../testkit/amqp.js';
import {
  type DeadLettered,
  declareDead,
  deleteQueues,
  drain,
  publishDead,
  publishTo,
  QUEUE_TYPES,
  requestBody,
  textsOf,
} from '../../support/dead-letters.js';
import { describeWithRabbit, rabbitControl, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { silent } from '../../support/silent.js';

const broker = { transportUrl: rabbitUrl, logger: silent, rpcResponseTimeout: 30 };

describeWithRabbit('a look at dead letters', () => {
  async function withDead(args: object = {}): Promise<DeadLettered & { scope: DeadLetterScope }> {
    const queues = await declareDead(args);
    onTestFinished(() => deleteQueues(queues.original, queues.dead));
    return { ...queues, scope: { broker, queue: queues.dead, consent } };
  }

  const consent = () => Promise.resolve(true);

  /** Adds a user who may read, and returns the URL for the user. */
  async function addUser(configure: string, write: string): Promise<string> {
    const user = uniqueTopic('reader');
    await rabbitControl?.rabbitmqctl('add_user', user, 'secret');
    onTestFinished(async () => void (await rabbitControl?.rabbitmqctl('delete_user', user)));
    await rabbitControl?.rabbitmqctl('set_permissions', user, configure, write, '.*');
    return rabbitUrl.replace(/\/\/[^@]*@/, `//${user}:secret@`);
  }

  const numbered = (count: number) => Array.from({ length: count }, (_, index) => requestBody('work', { index }));

  it.each(QUEUE_TYPES)('keeps the messages of a %s queue in their order, however often', async (_name, args) => {
    const { scope, dead, ...queues } = await withDead(args);
    const bodies = numbered(70);
    await publishDead({ dead, ...queues }, bodies);
    const notices: string[] = [];
    for (let look = 0; look < 6; look++) {
      const { queues: listed } = await listDeadLetters({ ...scope, limit: 50 });
      notices.push(...(listed[0]?.notices ?? []));
      expect(listed).toMatchObject([
        { queue: dead, total: 70, read: 50, groups: [{ count: 50, name: 'work', kind: 'cast' }] },
      ]);
    }
    // A queue that may have a limit by a policy gets its messages again, at its end.
    const inOrder = (texts: string[]) => (notices.join().includes('to the end of') ? texts.toSorted() : texts);
    expect(inOrder(textsOf(await drain(dead)))).toEqual(inOrder(bodies.map(String)));
  });

  it.skipIf(!rabbitControl)(
    'loses no message by a delivery limit that a policy sets, and reads none without consent',
    async () => {
      const { scope, dead, ...queues } = await withDead({ 'x-queue-type': 'quorum' });
      const policy = uniqueTopic('limit');
      await rabbitControl?.rabbitmqctl(
        'set_policy',
        policy,
        `^${dead}$`,
        '{"delivery-limit":1}',
        '--apply-to',
        'queues',
      );
      onTestFinished(async () => void (await rabbitControl?.rabbitmqctl('clear_policy', policy)));
      const bodies = numbered(5);
      await publishDead({ dead, ...queues }, bodies);
      for (let look = 0; look < 6; look++) await listDeadLetters(scope);
      const refused = listDeadLetters({ ...scope, consent: undefined });
      // From RabbitMQ 4.3 on, a look is not counted.
      await refused.catch((error) => expect(error.message).toMatch(/counts as a delivery.*--management-url.*--yes/));
      expect(textsOf(await drain(dead)).toSorted()).toEqual(bodies.map(String).toSorted());
    },
  );

  it('loses no message of a quorum queue with a delivery limit', async () => {
    const { scope, dead, ...queues } = await withDead({ 'x-queue-type': 'quorum', 'x-delivery-limit': 4 });
    const bodies = numbered(6);
    await publishDead({ dead, ...queues }, bodies);
    const notices = new Set<string>();
    for (let look = 0; look < 14; look++) {
      const { queues: listed } = await listDeadLetters({ ...scope, limit: 4 });
      for (const one of listed) for (const notice of one.notices) notices.add(notice);
    }
    const left = await drain(dead);
    expect(textsOf(left).toSorted()).toEqual(bodies.map(String).toSorted());
    expect(left[0]?.properties.headers).toMatchObject({
      'x-reason': expect.any(String),
      'x-original-queue': expect.any(String),
    });
    // From RabbitMQ 4.3 on, a look is not counted, and nothing is published again.
    if (textsOf(left).join() !== bodies.join())
      expect([...notices].join()).toMatch(/published to the end of ".*" again, .*drops a message after 4 deliveries/);
  });

  it.skipIf(!rabbitControl)(
    'warns where it may not publish messages with a limit again, before one is dropped',
    async () => {
      const transportUrl = await addUser('.*', '^$');
      const { scope, dead, ...queues } = await withDead({ 'x-queue-type': 'quorum', 'x-delivery-limit': 5 });
      await publishDead({ dead, ...queues }, numbered(2));
      const noticesOf = async () =>
        (await listDeadLetters({ ...scope, broker: { ...broker, transportUrl } })).queues[0]?.notices.join();
      expect(await noticesOf()).not.toMatch(/soon/);
      const version = await withChannel(rabbitUrl, async (channel) => brokerVersion(channel));
      const warning = /will soon be dropped by its delivery limit of 5.*ACCESS_REFUSED.*replay them/;
      // From RabbitMQ 4.3 on, a look is not counted.
      expect(await noticesOf()).toMatch(version < 4.03 ? warning : /^$/);
      expect(await drain(dead)).toHaveLength(2);
    },
  );

  it('leaves an auto-delete queue where it is', async () => {
    const { original, dead } = await withDead();
    await deleteQueues(dead);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(dead, { durable: true, autoDelete: true }));
    await publishDead({ original, dead }, numbered(2));
    expect((await listDeadLetters({ broker, queue: dead })).queues).toMatchObject([{ type: 'classic', total: 2 }]);
    expect(await queueDepth(rabbitUrl, dead)).toMatchObject({ messages: 2 });
  });

  it.skipIf(!rabbitControl)('leaves an auto-delete queue also where its type is not known', async () => {
    const user = await addUser('^$', '.*');
    const { original, dead } = await withDead();
    await deleteQueues(dead);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(dead, { durable: true, autoDelete: true }));
    await publishDead({ original, dead }, numbered(2));
    const { queues } = await listDeadLetters({ broker: { ...broker, transportUrl: user }, queue: dead, consent });
    expect(queues).toMatchObject([{ total: 2, read: 2 }]);
    expect(await queueDepth(rabbitUrl, dead)).toMatchObject({ messages: 2 });
  });

  it('groups by original queue, reason and method', async () => {
    const { scope, ...queues } = await withDead();
    const [first, last] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')];
    await publishDead(queues, [requestBody('heal'), requestBody('heal')], { at: last });
    await publishDead(queues, [requestBody('heal')], { at: first, headers: { 'x-replayed': 2 } });
    await publishDead(queues, [requestBody('scale')], { reason: 'The body is not UTF-8' });
    await publishDead(queues, [Buffer.from('not JSON')], { reason: 'The message is not JSON' });
    const { queues: listed } = await listDeadLetters(scope);
    const { original } = queues;
    expect(listed[0]?.groups).toMatchObject([
      {
        ...{ count: 3, kind: 'cast', name: 'heal', originalQueue: original, failedAgain: 1, replays: 2 },
        ...{ oldest: first.getTime(), newest: last.getTime() },
      },
      { count: 1, name: 'scale', reason: 'The body is not UTF-8' },
      { count: 1, kind: 'unreadable', name: null, example: { excerpt: 'not JSON' } },
    ]);
    const { queues: filtered } = await listDeadLetters({
      ...scope,
      filter: { reason: 'DELIVERED', method: 'h*', newerThan: '100000h' },
    });
    expect(filtered[0]?.letters).toHaveLength(3);
    expect((await listDeadLetters({ ...scope, filter: { olderThan: '100000h' } })).queues[0]?.letters).toEqual([]);
  });

  it.each([
    ['expired in its queue', { 'x-message-ttl': 1 }],
    ['its queue was full (max-length)', { 'x-max-length': 1 }],
  ])('reads dead letters of RabbitMQ: %s', async (reason, args) => {
    const { original, dead } = await withDead();
    const source = uniqueTopic('source');
    onTestFinished(() => deleteQueues(source));
    const rules = { ...args, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(source, { durable: true, arguments: rules }));
    await publishTo(source, [requestBody('work', { n: 1 }), requestBody('work', { n: 2 })]);
    await eventually(async () => expect((await queueDepth(rabbitUrl, dead))?.messages).toBeGreaterThan(0));
    const { queues } = await listDeadLetters({ broker, queue: dead });
    const group = { reason: `RabbitMQ: ${reason}`, originalQueue: source, name: 'work' };
    expect(queues[0]?.groups).toMatchObject([{ ...group, oldest: expect.any(Number) }]);
    expect(source).not.toBe(original);
  });

  it('reads the name of a message that is too large to be decoded, and the message where it is shown', async () => {
    const { scope, ...queues } = await withDead();
    await publishDead(queues, [requestBody('upload', { data: 'x'.repeat(2 ** 21) }), requestBody('work')]);
    const { queues: listed } = await listDeadLetters(scope);
    const [large] = listed[0]?.letters ?? [];
    expect(large).toMatchObject({ kind: 'cast', name: 'upload', size: expect.any(Number) });
    expect(large?.excerpt.length).toBeLessThanOrEqual(201);
    const { message } = await findDeadLetter(scope, large?.id ?? '');
    expect(message).toMatchObject({ method: 'upload', args: { data: expect.stringMatching(/^x{2097152}$/) } });
  });

  it('shows one whole, with its secrets masked', async () => {
    const { scope, ...queues } = await withDead();
    const secrets = {
      args: { password: 'hunter2', deep: { token: 'abc' } },
      context: { _context_auth_token: 'gAAAA' },
    };
    const members = { ...secrets.context, _context_user_id: 'alice', _context_request_id: 'req-7' };
    const call = { _msg_id: 'a1', _reply_q: `reply_${uniqueTopic()}`, _timeout: null };
    await publishDead(queues, [requestBody('login', secrets.args, { ...members, ...call })], {
      reason: 'token=hunter2 refused',
    });
    const { queues: listed } = await listDeadLetters(scope);
    const id = listed[0]?.letters[0]?.id ?? '';
    const content = await findDeadLetter(scope, id.slice(0, 6));
    expect(content).toMatchObject({
      ...{ id, kind: 'call', name: 'login', caller: 'alice', requestId: 'req-7', deliveries: 20, callerIsGone: true },
      message: { args: { password: '***', deep: { token: '***' } }, _context_auth_token: '***' },
      headers: { 'x-original-queue': queues.original },
    });
    expect(JSON.stringify([content, listed])).not.toMatch(/hunter2|gAAAA/);
    await expect(findDeadLetter(scope, 'ffffffffffff')).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it('finds the queues of a topic, and refuses one that does not exist', async () => {
    const topic = uniqueTopic('topic');
    const [plain, info] = [await declareDead({}, topic), await declareDead({}, `${topic}.info`)];
    onTestFinished(() => deleteQueues(plain.original, plain.dead, info.original, info.dead));
    await publishDead(plain, [requestBody('work')]);
    const { queues } = await listDeadLetters({ broker, topic });
    expect(queues.map(({ queue, total }) => [queue, total])).toEqual([
      [plain.dead, 1],
      [info.dead, 0],
    ]);
    await expect(listDeadLetters({ broker, queue: 'nobody.dead' })).rejects.toMatchObject({ code: 'UNDELIVERABLE' });
    await expect(listDeadLetters({ broker })).rejects.toThrow(/managementUrl/);
  });
});
