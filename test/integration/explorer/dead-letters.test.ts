import { afterEach, expect, it } from 'vitest';
import { DeadLetterAccess, type DeadLetterPlace } from '../../../lib/explorer/dead-letters.js';
import { type DeadLetters, ROUTES } from '../../../lib/explorer/protocol.js';
import { declareDead, drain, publishDead, requestBody } from '../../support/dead-letters.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { exploredApp } from '../../support/explored-app.js';
import { silent } from '../../support/silent.js';

const COUNT = 400;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function deadTopic() {
  const topic = uniqueTopic('explored-dead');
  const queues = await declareDead({}, topic);
  const bodies = Array.from({ length: COUNT }, (_, index) => requestBody('add', { index }));
  await publishDead(queues, bodies);
  const place: DeadLetterPlace = {
    transport: null,
    options: { transportUrl: rabbitUrl, logger: silent },
    topics: [{ topic, servers: [] }],
  };
  return { ...queues, topic, access: new DeadLetterAccess(() => [place]) };
}

describeWithRabbit('pages that look at dead letters', () => {
  it('see all of them at the same time, and a replay meanwhile takes all', async () => {
    const { access, original, dead } = await deadTopic();
    closing.push(() => access.close());
    const counts = ({ queues }: DeadLetters) => queues.map(({ groups }) => groups.map(({ count }) => count));
    const looks = [access.read(), access.read(), access.read()];
    const replayed = access.replay({ queue: dead, all: true });
    for (const look of looks) expect(counts(await look)).toEqual([[COUNT]]);
    expect(await replayed).toMatchObject({ replayed: COUNT, failed: 0, left: 0, error: null });
    expect(counts(await access.read())).toEqual([]);
    expect(await drain(original)).toHaveLength(COUNT);
  });

  it('hear that a message, or a group, is not there any more', async () => {
    const { access, dead } = await deadTopic();
    closing.push(() => access.close());
    const [queue] = (await access.read()).queues;
    const id = queue?.messages[0]?.id ?? '';
    const group = queue?.groups[0]?.id ?? '';
    expect(await access.replay({ queue: dead, messages: [id] })).toMatchObject({ replayed: 1, error: null });
    const none = { replayed: 0, failed: 0, left: COUNT - 1 };
    const text = (what: string) =>
      new RegExp(`first 500 messages of "${dead}" is no dead letter ${what}: .* others have replayed or deleted`);
    expect(await access.replay({ queue: dead, messages: [id] })).toEqual({
      ...none,
      error: expect.stringMatching(text(`with the id "${id}"`)),
    });
    expect(await access.replay({ queue: dead, messages: ['a', 'b', 'c', 'd'] })).toEqual({
      ...none,
      error: expect.stringMatching(text('with the ids "a", "b", "c" and 1 other')),
    });
    expect(await access.replay({ queue: dead, group: 'feedbeef' })).toEqual({
      ...none,
      error: expect.stringMatching(text('of the group "feedbeef"')),
    });
    const all = { replayed: COUNT - 1, failed: 0, left: 0, error: null };
    expect(await access.replay({ queue: dead, group })).toEqual(all);
    expect(await access.replay({ queue: dead, all: true })).toEqual({ ...all, replayed: 0 });
  });

  it('hear that a queue is missing', async () => {
    const { app, page } = await exploredApp({
      topic: uniqueTopic('explored'),
      options: { transportUrl: rabbitUrl, logger: silent },
      explorer: { readOnly: false },
    });
    closing.push(() => app.close());
    const answer = await page().post(ROUTES.replay, { queue: `${uniqueTopic('missing')}.dead`, all: true });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'bad-request' } });
  });
});
