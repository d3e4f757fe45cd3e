import { getRpcServer, getRpcTransport, RPCClient, Target } from 'nestjs-oslo-messaging';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../testkit/free-port.js';
import { describeWithRabbit, rabbitPort, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const REASON = /127\.0\.0\.1:\d+ confirms nothing, and no other host answers: the cluster may have lost its majority/;

describeWithRabbit('a cluster of which one node is left, which confirms nothing', () => {
  const open: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  it('is logged at its begin and its end, and named by errors and health', async () => {
    const topic = uniqueTopic();
    const serving = getRpcTransport({ transportUrl: rabbitUrl, logger: silent });
    open.push(() => serving.cleanup());
    const server = getRpcServer(serving, new Target({ topic }).with({ server: 'one' }), [{ who: () => 'one' }]);
    open.push(() => server.stop());
    await server.start();
    const proxy = await TcpProxy.start(rabbitPort);
    open.push(() => proxy.close());
    // Each of them is asked again and again, which must not add up.
    const down = await Promise.all(Array.from({ length: 6 }, () => freePort()));
    const hosts = [proxy.port, ...down].map((port) => `guest:guest@127.0.0.1:${port}`);
    const logger = new LogRecorder();
    const transport = getRpcTransport({ transportUrl: `rabbit://${hosts.join(',')}/`, logger });
    open.push(() => transport.cleanup());
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    open.push(async () => process.off('warning', onWarning));
    const client = new RPCClient(transport, new Target({ topic }));
    const soon = client.prepare({ timeout: '7s' });
    expect(await client.call({}, 'who')).toBe('one');
    logger.clear();
    const statuses: string[] = [];
    const end = transport.onStatus((status) => statuses.push(status));
    open.push(async () => end());
    const since = performance.now();
    proxy.stall();
    const [call, cast] = [soon.call({}, 'who'), soon.cast({}, 'who')];
    const outcomes = Promise.allSettled([call, cast]);
    await eventually(() => expect(logger.messages(REASON, 'warn')).toHaveLength(1));
    expect(performance.now() - since).toBeGreaterThan(3000);
    expect(transport.health()).toMatchObject({
      status: 'degraded',
      lastError: { message: expect.stringMatching(REASON) },
    });
    expect(await outcomes).toEqual([
      {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'TIMEOUT', message: expect.stringMatching(REASON) }),
      },
      {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'DELIVERY_FAILURE', message: expect.stringMatching(REASON) }),
      },
    ]);
    await eventually(() => expect(transport.health().status).toBe('connecting'));
    expect(performance.now() - since).toBeGreaterThan(10_000);
    proxy.resume();
    await eventually(() => expect(transport.health().status).toBe('connected'));
    expect(await client.call({}, 'who')).toBe('one');
    expect(statuses).toEqual(['connected', 'degraded', 'connecting', 'connected']);
    expect(logger.messages(/./, 'warn')).toEqual([
      expect.stringMatching(new RegExp(`^${REASON.source}; asking all hosts until one answers$`)),
      expect.stringMatching(/^127\.0\.0\.1:\d+ confirms again, after 1\d\.\d s$/),
    ]);
    expect(transport.counts.lostConnections).toBe(0);
    expect(warnings).toEqual([]);
  });
});
