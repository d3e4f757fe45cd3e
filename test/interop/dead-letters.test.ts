import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDeadLetter, listDeadLetters, replayDeadLetters } from '../../lib/inspect/index.js';
import { withChannel } from '../../testkit/amqp.js';
import { deleteQueues } from '../support/dead-letters.js';
import { describeWithPython, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type PythonHeaders, PythonPeer } from '../support/python-peer.js';
import { silent } from '../support/silent.js';

const HEADERS: PythonHeaders[] = [
  'integer of 41 bits',
  'largest integer',
  'deep table',
  'prototype',
  'every type',
  'many',
];

const broker = { transportUrl: rabbitUrl, logger: silent };

describeWithPython('dead letters of a Python peer', () => {
  let python: PythonPeer;
  const queues: string[] = [];

  beforeAll(async () => {
    python = await PythonPeer.start(rabbitUrl, { extraHeaders: true });
  });
  afterAll(async () => {
    await python?.stop();
    await deleteQueues(...queues);
  });

  /** Declares a queue in which each message expires at once, into a dead-letter queue. */
  async function declareExpiring(exchange: string, key: string): Promise<string> {
    const dead = `${key}.dead`;
    const args = { 'x-message-ttl': 0, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    queues.push(`${key}.expiring`, dead);
    await withChannel(rabbitUrl, async (channel) => {
      await channel.assertQueue(dead, { durable: true });
      await channel.assertQueue(`${key}.expiring`, { durable: true, arguments: args });
      await channel.bindQueue(`${key}.expiring`, exchange, key);
    });
    return dead;
  }

  it('are read, with headers of every kind, and replayed to a Python listener', async () => {
    const topic = uniqueTopic('python');
    const notification = { topic, publisherId: 'compute.host1', eventType: 'vnf.create' };
    // The first one declares exchange and queue.
    await python.notify({ ...notification, payload: 'first' });
    const dead = await declareExpiring('tacker', `${topic}.info`);
    queues.push(`${topic}.info`);
    for (const kind of HEADERS) {
      await python.chooseHeaders(kind);
      await python.notify({ ...notification, payload: kind, context: { auth_token: 'gAAAA', user_id: 'alice' } });
    }
    await python.chooseHeaders('none');
    // amqplib cannot read these headers.
    await withChannel(rabbitUrl, (channel) => channel.purgeQueue(`${topic}.info`));
    await eventually(async () => {
      const { queues: listed } = await listDeadLetters({ broker, topic });
      expect(listed).toMatchObject([
        {
          queue: dead,
          groups: [
            {
              ...{ count: HEADERS.length, kind: 'notification', name: 'vnf.create' },
              ...{ reason: 'RabbitMQ: expired in its queue', originalQueue: `${topic}.info.expiring` },
            },
          ],
        },
      ]);
    });
    const { queues: listed } = await listDeadLetters({ broker, queue: dead });
    const [first] = listed[0]?.letters ?? [];
    const content = await findDeadLetter({ broker, queue: dead }, first?.id ?? '');
    expect(content).toMatchObject({
      caller: 'compute.host1',
      message: { payload: HEADERS[0] },
      headers: { 'x-death': [{}] },
    });
    expect(JSON.stringify(content, (_key, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      'gAAAA',
    );

    await python.listenNotifications({ topics: [topic] });
    const result = await replayDeadLetters({ broker, queue: dead, to: `${topic}.info` });
    expect(result).toMatchObject({ replayed: HEADERS.length, left: 0, error: null });
    await eventually(async () => {
      const received = await python.receivedNotifications('vnf.create');
      expect(received.map(({ payload }) => payload)).toEqual(HEADERS);
    });
  });

  it('are replayed as casts to a Python server where their callers are gone', async () => {
    const topic = uniqueTopic('python');
    await withChannel(rabbitUrl, (channel) => channel.checkExchange('tacker'));
    const dead = await declareExpiring('tacker', topic);
    const caller = await PythonPeer.start(rabbitUrl);
    await expect(caller.call({ topic, method: 'record', args: { n: 1 }, timeout: 1 })).rejects.toMatchObject({});
    const { queues: listed } = await listDeadLetters({ broker, queue: dead });
    const [letter] = listed[0]?.letters ?? [];
    expect(letter).toMatchObject({ kind: 'call', name: 'record', replyQueue: expect.stringMatching(/^reply_/) });
    await caller.kill();
    await deleteQueues(letter?.replyQueue ?? '');
    expect(await findDeadLetter({ broker, queue: dead }, letter?.id ?? '')).toMatchObject({ callerIsGone: true });
    await python.startServer({ topic, server: 'theirs' });
    expect(await replayDeadLetters({ broker, queue: dead, to: topic })).toMatchObject({ replayed: 1, asCasts: 1 });
    await eventually(async () => expect(await python.receivedRpcs('record')).toMatchObject([{ args: { n: 1 } }]));
  });
});
