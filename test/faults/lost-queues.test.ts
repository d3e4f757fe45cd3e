import { afterEach, beforeEach, expect, it } from 'vitest';
import { queueDepth } from '../support/amqp.js';
import { describeWithRabbitControl, rabbitControl, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

/** The last look comes ten seconds after a queue is consumed from again. */
const NOTICED = { within: 15_000 };

/** What nodes do by name behind another that has failed, even where the queue has been declared anew by then. */
async function forget(queue: string): Promise<void> {
  const name = `rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)`;
  await rabbitControl?.rabbitmqctl('eval', `rabbit_amqqueue:internal_delete(${name}, <<"test">>).`);
}

describeWithRabbitControl('a queue that the broker has lost without a word', () => {
  const noted: unknown[] = [];
  let served: ServedTopic;

  beforeEach(async () => {
    noted.length = 0;
    served = await ServedTopic.open({
      note: (_ctxt: unknown, { value }: { value: unknown }) => void noted.push(value),
    });
  });
  afterEach(() => served.close());

  /** Its connections are lost, and it has come back. */
  async function reconnect(side: ServedTopic['calling'], queue: string): Promise<void> {
    side.proxy.cut();
    await eventually(() => expect(side.transport.counts.lostConnections).toBeGreaterThanOrEqual(2));
    await eventually(async () => {
      expect(side.transport.health().status).toBe('connected');
      expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ consumers: 1 });
    });
  }

  it('is declared and read again where it is a reply queue', async () => {
    const queue = served.calling.sent(/reply_[0-9a-f]{32}/)[0] ?? '';
    await reconnect(served.calling, queue);
    await forget(queue);
    await eventually(
      () => expect(served.calling.log.messages(/lost the queue reply_/, 'warn')).toHaveLength(1),
      NOTICED,
    );
    await eventually(() => served.ping(0.5));
  });

  it.each(['topic', 'server', 'fanout'] as const)('is declared and read again: the %s queue', async (kind) => {
    const { topic, client } = served;
    const to = { topic: {}, server: { server: 'one' }, fanout: { fanout: true } }[kind];
    const [fanout = ''] = served.serving.sent(new RegExp(`${topic}_fanout_[0-9a-f]{32}`));
    const queue = { topic, server: `${topic}.one`, fanout }[kind];
    await reconnect(served.serving, queue);
    await forget(queue);
    await eventually(async () => {
      await client.prepare(to).cast({}, 'note', { value: kind });
      await eventually(() => expect(noted).toContain(kind), { within: 200 });
    }, NOTICED);
    expect(served.serving.log.messages(/lost the queue/, 'warn')).toEqual([expect.stringContaining(queue)]);
    await served.ping();
  });
});
