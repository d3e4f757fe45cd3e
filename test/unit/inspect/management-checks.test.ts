import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { alarmCheck } from '../../../lib/inspect/diagnosis/checks/alarms.js';
import { clockCheck } from '../../../lib/inspect/diagnosis/checks/clock.js';
import { policyCheck } from '../../../lib/inspect/diagnosis/checks/policies.js';
import { topicsCheck } from '../../../lib/inspect/diagnosis/checks/topics.js';
import { Scene, type SeenQueue } from '../../../lib/inspect/diagnosis/scene.js';
import { Deadline, normalizeOptions, parseTransportUrl, Target } from '../../../lib/internal.js';
import { silent } from '../../support/silent.js';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Makes a scene with a management API that answers so, at a time. */
async function sceneWith(answer: unknown, { date = new Date(), status = 200 } = {}): Promise<Scene> {
  const api = createServer((_request, response) => {
    response.writeHead(status, { date: date.toUTCString() }).end(JSON.stringify(answer));
  });
  server = api;
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const managementUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const transportUrl = 'rabbit://me:s3cret@127.0.0.1:1/';
  const settings = normalizeOptions({ transportUrl, rabbit: { managementUrl }, logger: silent });
  const scene = new Scene(
    settings,
    parseTransportUrl(transportUrl),
    [new Target({ topic: 't' })],
    Deadline.after(5000),
    undefined,
  );
  // No broker is needed for what the management API says.
  scene.alarm = async () => undefined;
  return scene;
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);

it.each([
  [3600, 'behind', /^its clock is (3599|36\d\d) s behind/],
  [-3600, 'ahead of', /^its clock is (35\d\d|3600|3601) s ahead of/],
  [7, 'behind', /^its clock is \d+ s behind/],
])('a clock of the broker that is %i s behind is a fault: %s', async (seconds, _word, text) => {
  const [finding] = await clockCheck.run(await sceneWith({}, { date: ago(seconds) }));
  expect(finding).toMatchObject({ state: 'skewed', text: expect.stringMatching(text) });
});

it('a clock of the broker that is a second off is none', async () => {
  expect(await clockCheck.run(await sceneWith({}, { date: ago(1) }))).toEqual([]);
});

it('an API that refuses is an error, without the password', async () => {
  const refused = clockCheck.run(await sceneWith({}, { status: 401 }));
  await expect(refused).rejects.toThrow(/401.*monitoring.*set_user_tags/);
  await expect(refused).rejects.not.toThrow(/s3cret/);
});

it('the remedy for a forgotten queue is a command with its name, as a shell reads it', async () => {
  const queue = { name: "old events'", consumers: 0, ready: 1, isExact: true } as SeenQueue;
  const scene = Object.assign(await sceneWith({}), { queues: async () => [queue], topics: async () => [] });
  const whole = Object.defineProperty(scene, 'isWhole', { value: true });
  const [finding] = await topicsCheck.run(whole);
  expect(finding?.cure).toMatch(/rabbitmqctl delete_queue 'old events'\\''' --if-unused$/);
});

it('nodes show alarms, partitions, and those that are down', async () => {
  const nodes = [
    { name: 'a@mq', running: true, mem_alarm: true, mem_used: 2_000_000, mem_limit: 1_000_000 },
    { name: 'b@mq', running: true, disk_free_alarm: true, disk_free: 1_000_000, disk_free_limit: 50_000_000 },
    { name: 'c@mq', running: true, partitions: ['a@mq'] },
    { name: 'd@mq', running: false },
    { name: 'e@mq', running: true },
  ];
  expect(await alarmCheck.run(await sceneWith(nodes))).toMatchObject([
    { name: 'a@mq', state: 'alarmed', text: 'memory alarm: it uses 2 MB of 1 MB' },
    { name: 'b@mq', state: 'alarmed', text: 'disk alarm: 1 MB are free, it wants 50 MB' },
    { name: 'c@mq', state: 'unavailable', text: 'it does not reach a@mq' },
    { name: 'd@mq', state: 'unavailable', text: 'the node is down' },
  ]);
});

it('each rule that drops is one finding for all queues of the policy', async () => {
  const rules = { 'max-length': 9, overflow: 'reject-publish', expires: 1000 };
  const queue = (name: string) => ({ name, policy: 'p', effective_policy_definition: rules });
  const items = [
    ...['t', 't.a', 't.b', 't_fanout_1', 't.dead'].map(queue),
    { name: 't.c', arguments: { 'x-delivery-limit': 3, 'x-expires': 1000, 'x-dead-letter-exchange': 'dlx' } },
    { name: 't.d', arguments: { 'x-delivery-limit': 20 }, effective_policy_definition: [] },
  ];
  const findings = await policyCheck.run(await sceneWith({ items, page_count: 1 }));
  expect(findings.map(({ name, text }) => `${name}: ${text}`)).toEqual([
    't: the policy "p" sets expires=1000 (also of t.a and 1 more)',
    't: the policy "p" sets max-length=9, with overflow=reject-publish (also of t.a and 1 more)',
    't.c: its arguments set delivery-limit=3, below limits.deliveries, 20',
    't.c: its arguments set dead-letter-exchange="dlx"',
  ]);
});
