import { getRpcServer, getRpcTransport, RPCClient, Target, type Transport } from 'nestjs-oslo-messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RabbitNode } from '../../testkit/rabbit-node.js';
import { eventually } from '../support/eventually.js';
import { LogRecorder } from '../support/log-recorder.js';

describe('a consumer timeout of a quorum queue', () => {
  let node: RabbitNode;
  let release: () => void = () => undefined;
  const transports: Transport[] = [];

  beforeAll(async () => {
    node = await RabbitNode.start({ config: ['consumer_timeout = 2000'] });
  });
  afterAll(() => node?.stop());
  afterEach(async () => {
    release();
    for (const transport of transports.splice(0)) await transport.cleanup();
  });

  function connect(logger: LogRecorder): Transport {
    const rabbit = { profile: 'rabbitmq-4', rabbitQosPrefetchCount: 3 } as const;
    const transport = getRpcTransport({ transportUrl: node.url, rabbit, logger, concurrency: 1 });
    transports.push(transport);
    return transport;
  }

  it('moves the waiting requests to another server, and runs none twice', async () => {
    const ran: string[] = [];
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const [log, transport] = ((one: LogRecorder) => [one, connect(one)] as const)(new LogRecorder());
    const slow = getRpcServer(transport, new Target({ topic: 't', server: 'slow' }), [
      {
        note: async (_ctxt: object, { n }: { n: number }) => {
          ran.push(`slow ${n}`);
          await released;
        },
      },
    ]);
    await slow.start();
    const client = new RPCClient(connect(new LogRecorder()), new Target({ topic: 't' }));
    for (const n of [1, 2, 3, 4]) await client.cast({}, 'note', { n });
    await eventually(() => expect(ran).toEqual(['slow 1']));
    const other = getRpcServer(connect(new LogRecorder()), new Target({ topic: 't', server: 'other' }), [
      { note: (_ctxt: object, { n }: { n: number }) => void ran.push(`other ${n}`) },
    ]);
    await other.start();
    await eventually(
      () => expect(log.messages(/The broker cancelled the consumer of "t" and requeued .* \(3\);/)).toHaveLength(1),
      {
        within: 20_000,
      },
    );
    await eventually(() => expect(transport.health().status).toBe('connected'));
    await eventually(() => expect(ran.toSorted()).toEqual(['other 2', 'other 3', 'other 4', 'slow 1']));
    release();
    await client.prepare({ server: 'slow' }).cast({}, 'note', { n: 5 });
    await eventually(() => expect(ran).toContain('slow 5'));
    expect(ran.toSorted()).toEqual(['other 2', 'other 3', 'other 4', 'slow 1', 'slow 5']);
    expect(transport.counts).toMatchObject({ cancelledConsumers: 1, revokedMessages: 3, lostConnections: 0 });
    await Promise.all([slow.stop(), other.stop()]);
  });
});
