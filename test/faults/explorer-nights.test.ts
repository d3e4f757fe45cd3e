import { getRpcServer, OsloMessagingTransports, Target } from 'nestjs-oslo-messaging';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  type DeadLetters,
  type FindingView,
  ROUTES,
  type Snapshot,
  type TopicView,
  type TransportView,
} from '../../lib/explorer/protocol.js';
import { withChannel } from '../../testkit/amqp.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { isDenying } from '../../testkit/release.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { type ExploredApp, exploredApp } from '../support/explored-app.js';
import { openPage, startBrowser, type WatchedPage } from '../support/explorer/browser.js';
import type { ExplorerClient } from '../support/explorer-page.js';
import { silent } from '../support/silent.js';

/** One explorer looks at all cases, and Chromium draws them. */
let node: RabbitNode;
let explored: ExploredApp;
let page: ExplorerClient;
let browser: Browser | undefined;
/** First view of the page in Chromium; undefined without Chromium. */
let view: WatchedPage | undefined;
const topic = uniqueTopic('night');
/** Options of a queue as servers ask for it. */
const ASKED = { durable: isDenying, arguments: isDenying ? { 'x-queue-type': 'quorum' } : {} };

beforeAll(async () => {
  if (rabbitUrl === '') return;
  node = await borrowNode();
  explored = await exploredApp({
    topic,
    options: {
      transportUrl: node.url,
      rpcResponseTimeout: 5,
      logger: silent,
      concurrency: 1,
      rpcDiscoveryEnabled: true,
    },
    explorer: { managementUrl: node.managementUrl ?? '', readOnly: false, slowThreshold: '200ms' },
  });
  page = explored.page();
  await page.open();
  if (!inject('chromiumPresent')) return;
  browser = await startBrowser();
  view = await openPage(browser, `${explored.url}/rpc/`);
});
afterAll(async () => {
  await browser?.close();
  page?.close();
  await explored?.app.close();
  await returnNode(node);
});

/** Waits for a snapshot that shows a case. */
async function shows(fits: (snapshot: Snapshot) => unknown): Promise<void> {
  await eventually(
    async () => {
      const snapshot = await page.snapshot();
      const seen = JSON.stringify([snapshot.findings, snapshot.transports, snapshot.topics], undefined, 1);
      expect(fits(snapshot), seen.slice(0, 6000)).toBeTruthy();
    },
    { within: 45_000, every: 500 },
  );
}

/** Waits until Chromium has drawn a case, with its harm and its remedy. */
async function drawn(title: string, subject: string | RegExp, cure: RegExp): Promise<void> {
  if (!view) return;
  const name = view.page.locator('h2', { hasText: title }).locator('code', { hasText: subject });
  const problem = view.page.locator('.problem.fault', { has: name, hasText: 'Why it hurts' });
  await problem.filter({ hasText: cure }).first().waitFor({ timeout: 45_000 });
}

const found = ({ findings }: Snapshot, state: string, name: string): FindingView | undefined =>
  findings.find((finding) => finding.state === state && finding.name === name && finding.severity === 'fault');
const topicIn = ({ topics }: Snapshot, topic: string): TopicView | undefined =>
  topics.find((one) => one.topic === topic);
const rpcIn = ({ transports }: Snapshot): TransportView | undefined => transports.find(({ use }) => use === 'rpc');

// Each has a topic of its own, so that they run side by side, but for those that stop the broker.
describeWithRabbit('the explorer of an application shows that', () => {
  it.concurrent('nobody consumes a topic that is called', async () => {
    const other = uniqueTopic('unserved');
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange('tacker', 'topic', { durable: isDenying });
      await channel.assertQueue(other, ASKED);
      await channel.bindQueue(other, 'tacker', other);
    });
    const { client } = explored;
    await expect(client.prepare({ topic: other, timeout: 0.2 }).call({}, 'work')).rejects.toThrow();
    await shows((snapshot) => {
      const finding = found(snapshot, 'unserved', other);
      const [queue] = topicIn(snapshot, other)?.queues ?? [];
      return finding?.why?.includes('MessagingTimeout') && queue?.consumers === 0;
    });
    await drawn('Nobody consumes', `queue ${other}`, /Start a server/);
    await page.event('tick', ({ traffic }) => (traffic.out?.timeouts ?? 0) > 0);
  });

  it.concurrent('a queue is durable where a transient one is asked for', async () => {
    const other = uniqueTopic('durable');
    await withChannel(node.url, async (channel) => {
      await channel.assertQueue(other, { durable: true });
    });
    const { client } = explored;
    await client
      .prepare({ topic: other, timeout: 0.2 })
      .call({}, 'work')
      .catch(() => undefined);
    await shows((snapshot) => found(snapshot, 'conflict', other));
    // Where transient queues are denied, quorum queues are asked for.
    if (isDenying) await drawn('Declared with other settings', `queue ${other}`, /rabbitQuorumQueue/);
    else await drawn('Durable against transient', `queue ${other}`, /amqpDurableQueues/);
  });

  it.concurrent('a queue is bound to another exchange', async () => {
    const other = uniqueTopic('elsewhere');
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange('openstack', 'topic', { durable: isDenying });
      await channel.assertQueue(other, ASKED);
      await channel.bindQueue(other, 'openstack', other);
    });
    const { client } = explored;
    await expect(client.prepare({ topic: other, timeout: 10 }).call({}, 'work')).rejects.toMatchObject({
      code: 'UNDELIVERABLE',
    });
    await shows((snapshot) => found(snapshot, 'unbound', other)?.text.includes('"openstack"'));
    await drawn('Bound to another exchange', `queue ${other}`, /controlExchange/);
    expect((await page.snapshot()).transports[0]?.counts['undeliverable']).toBeGreaterThan(0);
  });

  it.concurrent('a handler is slow, and requests wait for it', async (test) => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    test.onTestFinished(() => release());
    const { app, client } = explored;
    const { rpc } = app.get(OsloMessagingTransports);
    const slow = uniqueTopic('held');
    const server = getRpcServer(rpc, new Target({ topic: slow, server: 'one' }), [{ work: () => held }]);
    await server.start();
    test.onTestFinished(() => server.stop({ graceful: false }));
    for (let sent = 0; sent < 3; sent++) await client.prepare({ topic: slow }).cast({}, 'work');
    await shows((snapshot) => {
      const [queue] = topicIn(snapshot, slow)?.queues.filter(({ name }) => name === slow) ?? [];
      const isFull = rpcIn(snapshot)?.slots.used === 1 && queue?.unacknowledged !== null;
      return isFull && found(snapshot, 'slow', `${slow}.one`);
    });
    await drawn('Slow handler', `server ${slow}.one`, /Read the log of the server for what its handlers wait for/);
    await page.event('tick', ({ traffic }) => (traffic.in?.inFlight ?? 0) > 0);
    release();
    await eventually(async () => {
      const { slow: slowOnes } = await page.json<{ slow: { method: string; slow: boolean }[] }>(ROUTES.history);
      expect(slowOnes).toContainEqual(expect.objectContaining({ method: 'work', slow: true }));
    });
  });

  it.concurrent('a queue piles up', async () => {
    const other = uniqueTopic('piling');
    await withChannel(node.url, async (channel) => {
      await channel.assertExchange('tacker', 'topic', { durable: isDenying });
      await channel.assertQueue(other, ASKED);
      await channel.bindQueue(other, 'tacker', other);
      await channel.prefetch(1);
      await channel.consume(other, () => undefined);
      const { client } = explored;
      for (let sent = 0; sent < 30; sent++) await client.prepare({ topic: other }).cast({}, 'work');
      await shows((snapshot) => {
        const [queue] = topicIn(snapshot, other)?.queues ?? [];
        const isCounted = queue && (queue.ready ?? 0) >= 29 && queue.unacknowledged === 1 && queue.consumers === 1;
        return isCounted && (found(snapshot, 'piling up', other) ?? found(snapshot, 'slow', other));
      });
      await drawn('Queue piles up', `queue ${other}`, /Add servers, raise concurrency, or have callers send less/);
    });
  });

  it.concurrent('dead letters wait, and replays them', async () => {
    await withChannel(node.url, async (channel) => {
      channel.sendToQueue(topic, Buffer.from('not json'));
      await channel.waitForConfirms();
      await channel.assertQueue(`${topic}.dead`, { durable: true });
      const body = { method: 'note', args: { text: 'again', password: 'of-a-dead-letter' }, _unique_id: 'u1' };
      const message = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(body) };
      channel.sendToQueue(`${topic}.dead`, Buffer.from(JSON.stringify(message)), {
        headers: { 'x-original-queue': topic, 'x-reason': 'on purpose' },
        contentType: 'application/json',
        persistent: true,
      });
      await channel.waitForConfirms();
    });
    const queue = await eventually(async () => {
      const dead = await page.json<DeadLetters>(ROUTES.dead);
      const { queues } = dead;
      const own = queues.find((one) => one.queue === `${topic}.dead`);
      expect(
        own?.messages.map(({ method }) => method),
        JSON.stringify(dead),
      ).toEqual(expect.arrayContaining(['note']) as string[]);
      return own;
    });
    const [letter] = queue?.messages.filter(({ method }) => method === 'note') ?? [];
    expect(letter?.args).toContain('again');
    expect(letter?.args).not.toContain('of-a-dead-letter');
    const answer = await page.post(ROUTES.replay, { queue: `${topic}.dead`, messages: [letter?.id] });
    expect(JSON.parse(answer.text)).toMatchObject({ replayed: 1, failed: 0, error: null });
    await page.event('messages', (messages) =>
      messages.some(({ direction, method }) => direction === 'in' && method === 'note'),
    );
  });

  it('the broker has a memory alarm', async () => {
    const { client } = explored;
    await client.cast({}, 'note', { text: 'x' });
    await node.rabbitmqctl('set_vm_memory_high_watermark', '0.0000001');
    try {
      void client
        .prepare({ timeout: 2 })
        .cast({}, 'note', { text: 'x' })
        .catch(() => undefined);
      await shows((snapshot) => rpcIn(snapshot)?.status === 'blocked');
      await drawn('Broker blocks publishing', /^(transport|broker) /, /memory/);
    } finally {
      await node.rabbitmqctl('set_vm_memory_high_watermark', '0.4');
    }
    await shows((snapshot) => rpcIn(snapshot)?.status === 'connected');
    expect(rpcIn(await page.snapshot())?.connections).toContainEqual({ purpose: 'publishing', state: 'connected' });
  });

  // The last one: it restarts the broker.
  it('the broker is down, and is back', async () => {
    await shows((snapshot) => rpcIn(snapshot)?.status === 'connected');
    await node.halt();
    await shows((snapshot) => rpcIn(snapshot)?.status === 'disconnected');
    await drawn('Broker not reachable', /^(transport|host) /, /[Bb]roker/);
    await node.restart();
    await shows((snapshot) => {
      const isReached = !snapshot.findings.some(({ state }) => state === 'unreachable');
      return rpcIn(snapshot)?.status === 'connected' && isReached;
    });
    if (!view) return;
    await view.page.locator('h2', { hasText: 'Broker not reachable' }).waitFor({ state: 'detached', timeout: 60_000 });
    await view.page
      .getByText(/^Transport default \(rpc\): connected again after /)
      .first()
      .waitFor();
    expect(view.complaints).toEqual([]);
  });
});
