import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { describeWithRabbitControl } from '../support/environment.js';
import { silent } from '../support/silent.js';

const SERVERS = 20;

describeWithRabbitControl('a transport that closes while its servers start', () => {
  let node: RabbitNode;

  beforeAll(async () => {
    node = await RabbitNode.start();
    await node.rabbitmqctl('add_user', 'restricted', 'secret');
    await node.rabbitmqctl('set_permissions', 'restricted', '.*', '.*', '^(?!forbidden$)');
  });
  afterAll(() => node?.stop());

  it('rejects the starts that wait for another attempt', async () => {
    const transport = getRpcTransport({
      transportUrl: node.url.replace('guest:guest', 'restricted:secret'),
      logger: silent,
      // Longer than the test may take, so that only the close can end a start.
      rpcResponseTimeout: '10m',
      rabbit: { kombuReconnectDelay: '5m' },
    });
    const topics = ['forbidden', ...Array.from({ length: SERVERS }, (_, n) => `allowed-${n}`)];
    const [forbidden, ...allowed] = topics.map((topic) =>
      getRpcServer(transport, new Target({ topic, server: 'one' }), [{ run: () => null }]).start(),
    );
    const starts = Promise.allSettled(allowed);
    // The broker closes the channel that all of them share.
    await expect(forbidden).rejects.toThrow('ACCESS_REFUSED');
    await transport.cleanup();
    const reasons = (await starts).flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(reasons.filter((reason) => reason.includes('The transport was closed'))).not.toHaveLength(0);
  });
});
