import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RabbitNode } from '../../testkit/rabbit-node.js';
import { borrowNode, returnNode } from '../support/borrowed-node.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { silent } from '../support/silent.js';

const SERVERS = 20;

/** Resolves with the reason for a rejection. */
async function rejectionOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => Promise.reject(new Error('not rejected')),
    (error: unknown) => String(error),
  );
}

describeWithRabbitControl('a transport that closes while its servers start', () => {
  let node: RabbitNode;

  beforeAll(async () => {
    node = await borrowNode();
    await node.rabbitmqctl('add_user', 'restricted', 'secret');
    await node.rabbitmqctl('set_permissions', 'restricted', '.*', '.*', '^(?!forbidden)');
  });
  afterAll(() => returnNode(node));

  it('rejects the starts that wait for another attempt', async () => {
    const transport = getRpcTransport({
      transportUrl: node.url.replace('guest:guest', 'restricted:secret'),
      logger: silent,
      // Longer than the test may take, so that only the close can end a start.
      rpcResponseTimeout: '10m',
      rabbit: { kombuReconnectDelay: '5m' },
    });
    const start = (topic: string) =>
      getRpcServer(transport, new Target({ topic, server: 'one' }), [{ run: () => null }]).start();
    const numbers = Array.from({ length: SERVERS }, (_, n) => n);
    // The broker closes a channel that all of them share with each refusal. One in every gap meets starts in progress.
    const pairs = numbers.map((n) => ({ allowed: start(`allowed-${n}`), forbidden: start(`forbidden-${n}`) }));
    const starts = Promise.allSettled(pairs.map(({ allowed }) => allowed));
    const refusals = Promise.allSettled(pairs.map(({ forbidden }) => forbidden));
    await expect(Promise.any(pairs.map(({ forbidden }) => rejectionOf(forbidden)))).resolves.toContain(
      'ACCESS_REFUSED',
    );
    await transport.cleanup();
    await refusals;
    const reasons = (await starts).flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(reasons.filter((reason) => reason.includes('The transport was closed'))).not.toHaveLength(0);
  });
});
