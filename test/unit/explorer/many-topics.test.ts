import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BrokerSource } from '../../../lib/explorer/broker/broker-source.js';
import { Explorer } from '../../../lib/explorer/explorer.js';
import { queuesByTopic } from '../../../lib/explorer/topic-facts.js';
import { silent } from '../../support/silent.js';

const TOPICS = 500;
const SERVERS = 3;
const topics = Array.from({ length: TOPICS }, (_, n) => `topic-${String(n).padStart(3, '0')}`);
const queues = topics.flatMap((topic) => [topic, ...Array.from({ length: SERVERS }, (_, n) => `${topic}.s${n}`)]);

let api: Server | undefined;
const asked: string[] = [];
afterEach(() => {
  api?.close();
  asked.length = 0;
});

/** Management API of a broker with many topics. Pages have 500 rows, as those of RabbitMQ. */
async function manage(): Promise<string> {
  const bindings = topics.flatMap((topic) => [
    ...queues
      .filter((name) => name === topic || name.startsWith(`${topic}.`))
      .map((name) => bound('tacker', name, name)),
    ...Array.from({ length: SERVERS }, (_, n) => bound(`${topic}_fanout`, `${topic}_fanout_${n}`, topic)),
  ]);
  const rows = queues.map((name) => ({
    name,
    vhost: '/',
    messages_ready: 7,
    messages_unacknowledged: 1,
    consumers: 1,
  }));
  const answerTo = ({ pathname, searchParams }: URL): unknown => {
    if (pathname.startsWith('/api/bindings')) return bindings;
    if (pathname.startsWith('/api/consumers')) return queues.map((name) => ({ queue: { name, vhost: '/' } }));
    if (!pathname.startsWith('/api/queues')) return [];
    const [page, size] = [Number(searchParams.get('page') ?? 1), 500];
    const items = rows.slice((page - 1) * size, page * size);
    const [total, pages] = [rows.length, Math.ceil(rows.length / size)];
    return { items, page, page_count: pages, total_count: total, filtered_count: total };
  };
  api = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    asked.push(url.pathname);
    response.end(JSON.stringify(answerTo(url)));
  });
  const listening = api;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const bound = (source: string, destination: string, key: string) => ({
  ...{ source, destination, destination_type: 'queue', routing_key: key, vhost: '/', arguments: {} },
});

describe('a broker with 500 topics', () => {
  it('is shown in a snapshot of bounded size, with few requests', async () => {
    const managementUrl = await manage();
    const broker = { transportUrl: 'rabbit://me:s3cret@127.0.0.1:1/', logger: silent, rabbit: { managementUrl } };
    const source = new BrokerSource({ broker, topics: [] });
    const explorer = new Explorer(source, { readOnly: true, maxClients: 1 });
    try {
      await source.refresh();
      const requests = asked.length;
      const snapshot = await explorer.snapshot();
      expect(snapshot.topics).toHaveLength(200);
      const [first] = snapshot.topics;
      expect(first?.servers).toHaveLength(SERVERS);
      expect(first?.queues).toHaveLength(1 + SERVERS);
      expect(first?.queues[0]).toEqual({ name: 'topic-000', ready: 7, unacknowledged: 1, consumers: 1 });
      expect(snapshot.notices.join()).toContain('Only the first 200 of 500 topics are shown');
      expect(JSON.stringify(snapshot).length).toBeLessThan(500_000);
      expect(requests).toBeLessThan(40);
    } finally {
      await explorer.close();
    }
  });

  it('shows the queues of each topic, a bounded number of them', () => {
    const views = Array.from({ length: 5000 }, (_, n) => {
      const name = `${topics[n % TOPICS]}${n < TOPICS ? '' : `.host.of.a.name.${n}`}`;
      return { name, ready: 1, unacknowledged: 0, consumers: 1 };
    });
    const found = queuesByTopic(views, topics);
    expect(found.get('topic-007')?.[0]?.name).toBe('topic-007');
    expect(Math.max(...[...found.values()].map((ofTopic) => ofTopic.length))).toBe(10);
    expect(
      queuesByTopic([{ ...(views[0] as (typeof views)[0]), name: 'a_fanout_1' }], ['a', 'a_fan']).get('a'),
    ).toHaveLength(1);
    const many = Array.from({ length: 900 }, (_, n) => ({ ...(views[0] as (typeof views)[0]), name: `a.${n}` }));
    expect(queuesByTopic(many, ['a']).get('a')).toHaveLength(50);
  });
});
