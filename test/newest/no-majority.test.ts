import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Doctor, normalizeOptions, parseTransportUrl } from '../../lib/internal.js';
import { RabbitCluster } from '../../testkit/rabbit-cluster.js';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

const REASON = /confirms nothing, and no other host answers: the cluster may have lost its majority/;
const RABBIT = { profile: 'rabbitmq-4' } as const;

describe('a cluster without a majority', () => {
  let cluster: RabbitCluster;
  const open: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    cluster = await RabbitCluster.start(3, { plugins: ['rabbitmq_management'] });
  });
  afterAll(async () => {
    for (const close of open.reverse()) await close();
    await cluster?.stop();
  });

  it('is one warning, until most of its nodes run again, and found by doctor', async () => {
    const logger = new LogRecorder();
    const transport = getRpcTransport({ transportUrl: cluster.url, rabbit: RABBIT, logger, rpcResponseTimeout: '30s' });
    open.push(() => transport.cleanup());
    const server = getRpcServer(transport, new Target({ topic: 'hl', server: 'one' }), [{ who: () => 'one' }]);
    open.push(() => server.stop({ graceful: false }));
    await server.start();
    const client = new RPCClient(transport, new Target({ topic: 'hl' }));
    expect(await client.call({}, 'who')).toBe('one');
    const [survivor, ...others] = cluster.nodes as [RabbitNode, RabbitNode, RabbitNode];
    await Promise.all(others.map((node) => node.kill()));
    const call = client.prepare({ timeout: '8s' }).call({}, 'who');
    await expect(call).rejects.toMatchObject({ code: 'TIMEOUT', message: expect.stringMatching(REASON) });
    expect(transport.health().lastError?.message).toMatch(REASON);
    await eventually(() => expect(transport.health().status).toBe('connecting'));
    const rabbit = { ...RABBIT, managementUrl: survivor.managementUrl };
    const doctor = new Doctor(normalizeOptions({ transportUrl: cluster.url, rabbit }), parseTransportUrl(cluster.url));
    const findings = await doctor.examine(new Target({ topic: 'hl' }));
    await doctor.close();
    const faults = findings.filter(({ state }) => state === 'unavailable');
    expect(faults.map(({ kind }) => kind)).toEqual(['host', 'host', 'host', 'queue']);
    expect(faults.at(-1)?.text).toMatch(/1 of 3 members online.*it has no majority/);
    expect(await survivor.rabbitmqctl('cluster_status')).toContain('Running Nodes');
    // Longer than RabbitMQ lets a declaration wait, which it ends by closing the connection.
    await eventually(() => expect(logger.messages(/^Lost .* (timed out|timeout)/, 'debug')).not.toEqual([]), {
      within: 60_000,
    });
    await others[0]?.restart();
    await eventually(() => expect(transport.health().status).toBe('connected'), { within: 60_000 });
    expect(await client.call({}, 'who')).toBe('one');
    expect(logger.messages(REASON, 'warn')).toHaveLength(1);
    expect(logger.messages(/confirms again, after [\d.]+ s$/, 'warn')).toHaveLength(1);
    expect(logger.messages(/^Lost .* (timed out|timeout)/, 'warn')).toEqual([]);
  }, 240_000);
});
