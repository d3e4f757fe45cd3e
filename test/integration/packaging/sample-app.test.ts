import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Session, Snapshot } from '../../../lib/explorer/protocol.js';
import { withChannel } from '../../../testkit/amqp.js';
import { Child } from '../../support/child.js';
import { describeWithPython, describeWithRabbit, rabbitUrl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { PythonPeer } from '../../support/python-peer.js';

const main = fileURLToPath(new URL('../../../dist/sample-app/main.js', import.meta.url));
const children: Child[] = [];

function run(args: string[], env: Record<string, string> = {}): Child {
  const child = new Child(main, args, { PORT: '0', ...env });
  children.push(child);
  return child;
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop();
});

const STEPS = [
  'call',
  'cast',
  'fanout',
  'remote exception',
  'version cap',
  'backed-off timeout',
  'notification',
  'event log',
];

async function expectTour(child: Child): Promise<void> {
  expect(await child.exit(), child.output).toBe(0);
  for (const step of STEPS) expect(child.output).toMatch(new RegExp(`✓ ${step}.* ms `));
  expect(child.output).toMatch(/All of it worked/);
}

describe('the sample application on memory', () => {
  it('runs its tour and exits', async () => {
    await expectTour(run(['--once'], { TRANSPORT_URL: '' }));
  });

  it('serves a page that shows simulated users and their failures', async () => {
    const child = run([], { TRANSPORT_URL: '' });
    const [, page = ''] = await child.prints(/at (http:\S+\/rpc)\n/);
    const get = async (path: string): Promise<unknown> => (await fetch(page + path)).json();
    expect((await fetch(page)).status).toBe(200);
    await eventually(
      async () => {
        const { topics } = (await get('/api/snapshot')) as Pick<Snapshot, 'topics'>;
        const methods = topics.flatMap(({ apis }) => apis.flatMap((api) => api.methods));
        const find = (name: string) => methods.find((method) => method.name === name);
        const servers = topics.flatMap((topic) => topic.servers.map(({ name }) => name));
        expect(servers.toSorted()).toEqual(['agent-1', 'agent-2', 'conductor']);
        expect(find('deploy')?.args).toMatchObject({ required: ['vnf_id'] });
        expect(find('get')?.stats?.errors).toBeGreaterThan(3); // the tour makes three
        expect(find('slow')?.stats?.errors).toBeGreaterThan(0);
      },
      { within: 30_000 },
    );

    const session = await fetch(`${page}/api/session`);
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    const { csrfToken } = (await session.json()) as Session;
    const call = (headers: Record<string, string>) =>
      fetch(`${page}/api/call`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({
          exchange: 'tacker',
          topic: 'tacker_agent',
          method: 'report',
          kind: 'call',
          server: 'agent-2',
          args: {},
        }),
      });
    expect((await call({})).status).toBe(403);
    const called = await call({ cookie, 'x-csrf-token': csrfToken });
    expect(await called.text()).toContain('agent-2');

    child.signal('SIGTERM');
    expect(await child.exit(), child.output).toBe(0);
    expect(child.output).not.toMatch(/ ERROR /);
  });

  it('refuses wrong arguments in one line', async () => {
    for (const [args, words] of [
      [['conductor'], /set TRANSPORT_URL/],
      [['nonsense'], /^usage: /],
    ] as const) {
      const child = run([...args], { TRANSPORT_URL: '' });
      expect(await child.exit()).toBe(1);
      expect(child.output).toMatch(words);
      expect(child.output.trim().split('\n')).toHaveLength(1);
    }
  });
});

describeWithRabbit('the sample application on RabbitMQ', () => {
  it('runs its tour and exits', async () => {
    await expectTour(run(['--once'], { TRANSPORT_URL: rabbitUrl }));
  });
});

describeWithPython('the sample application in separate processes', () => {
  // The sample's topics are its own; nothing else of the test run may find their queues.
  afterAll(() =>
    withChannel(rabbitUrl, async (channel) => {
      for (const queue of [
        'TACKER_CONDUCTOR',
        'TACKER_CONDUCTOR.conductor',
        'tacker_agent',
        'tacker_agent.agent-7',
        ...['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'].map(
          (priority) => `notifications.${priority}`,
        ),
      ]) {
        await channel.deleteQueue(queue);
      }
    }),
  );

  it('answers HTTP and Python, and exits on SIGTERM', async () => {
    const env = { TRANSPORT_URL: rabbitUrl };
    const conductor = run(['conductor'], env);
    const agent = run(['agent'], { ...env, AGENT_HOST: 'agent-7' });
    // Only 127.0.0.1 counts as this machine: the page of another address is read-only.
    const api = run(['api'], { ...env, BIND: '127.0.0.2' });
    await conductor.prints(/conductor: consuming/);
    await agent.prints(/agent-7: consuming/);
    const [, url = ''] = await api.prints(/api: (http:\S+)/);

    const page = url.replace(/vnfs$/, 'rpc');
    expect(api.output).toContain(`its page: ${page}`);
    expect(await (await fetch(`${page}/api/snapshot`)).json()).toMatchObject({ readOnly: true, can: { call: false } });
    await eventually(async () => {
      const text = await (await fetch(`${page}/api/history`)).text();
      expect(text).toContain('VnfNotFound');
    });

    const created = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"nat"}',
    });
    expect(created.status).toBe(202);
    const { id } = (await created.json()) as { id: string };
    await eventually(async () => {
      const vnf: unknown = await (await fetch(`${url}/${id}`)).json();
      expect(vnf).toMatchObject({ name: 'nat', state: 'ACTIVE', host: 'agent-7' });
    });

    await eventually(async () => {
      const events = (await (await fetch(url.replace(/vnfs$/, `events?vnf=${id}`))).json()) as { type: string }[];
      expect(events.map(({ type }) => type)).toEqual(['vnf.instantiating', 'vnf.active']);
    });

    const peer = await PythonPeer.start(rabbitUrl, { allowedExmods: ['tacker.common.exceptions'] });
    try {
      const topic = 'TACKER_CONDUCTOR';
      const vnf = await peer.call({ topic, version: '1.0', method: 'get', args: { vnf_id: id } });
      expect(vnf).toMatchObject({ id, name: 'nat', state: 'ACTIVE', instances: 1 });
      const missing = peer.call({ topic, version: '1.0', method: 'get', args: { vnf_id: 'none' } });
      await expect(missing).rejects.toMatchObject({ pythonClass: 'VnfNotFound_Remote' });
      await peer.cast({ topic, version: '1.0', method: 'scale', args: { vnf_id: id, instances: 4 } });
      await eventually(async () => {
        const scaled = await peer.call({ topic, version: '1.0', method: 'get', args: { vnf_id: id } });
        expect(scaled).toMatchObject({ state: 'ACTIVE', instances: 4 });
      });

      // What has begun is answered before the process ends.
      const slow = peer.call({ topic, version: '1.0', method: 'slow', args: { seconds: 1 }, timeout: 10 });
      // Sent later, answered earlier: by now the first is being worked on.
      await peer.call({ topic, version: '1.0', method: 'slow', args: { seconds: 0.3 } });
      conductor.signal('SIGTERM');
      expect(await slow).toBe('answered after 1 s');
    } finally {
      await peer.stop();
    }
    for (const child of [agent, api]) child.signal('SIGTERM');
    for (const child of [conductor, agent, api]) expect(await child.exit(), child.output).toBe(0);
  });
});
