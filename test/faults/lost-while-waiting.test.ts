import { getRpcClient, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { describeWithRabbit, rabbitPort, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { silent } from '../support/silent.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** More than there are channels for messages that the broker may refuse. */
const TOPICS = 24;

describeWithRabbit('a connection that is lost while publishing waits for a channel', () => {
  let proxy: TcpProxy;
  const open: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    proxy = await TcpProxy.start(rabbitPort);
  });
  afterAll(() => proxy?.close());
  afterEach(async () => {
    await proxy.heal();
    for (const close of open.splice(0).reverse()) await close();
  });

  it('rejects every cast without retries at once', async () => {
    const transport = getRpcTransport({ transportUrl: proxy.url, logger: silent, rpcResponseTimeout: 120 });
    open.push(() => transport.cleanup());
    const cast = (topic: string) => getRpcClient(transport, new Target({ topic }), { retry: 0 }).cast({}, 'run');
    // Declares the exchange, so that nothing but a channel is missing.
    await cast(uniqueTopic());
    let sentBytes = 0;
    proxy.observe('toServer', (chunk) => {
      sentBytes += chunk.length;
    });
    proxy.stall('toClient');
    const casts = Promise.allSettled(Array.from({ length: TOPICS }, () => cast(uniqueTopic())));
    await eventually(() => expect(sentBytes).toBeGreaterThan(0));
    proxy.cut();
    proxy.resume();
    expect((await casts).filter(({ status }) => status === 'rejected')).not.toHaveLength(0);
    expect(transport.health().pendingPublishes).toBe(0);
  });
});
