import { expect, it } from 'vitest';
import { queueDepth } from '../../testkit/amqp.js';
import { describeWithRabbitControl, rabbitControl, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

/** Deletes a queue by its internal name, as nodes do after another has failed, even when it was declared again. */
async function forget(queue: string): Promise<void> {
  const name = `rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)`;
  await rabbitControl?.rabbitmqctl('eval', `rabbit_amqqueue:internal_delete(${name}, <<"test">>).`);
}

/** Runs on a topic of its own, so that the tests can wait side by side. */
function served(test: (served: ServedTopic, noted: unknown[]) => Promise<void>) {
  return async () => {
    const noted: unknown[] = [];
    const note = (_ctxt: unknown, { value }: { value: unknown }) => void noted.push(value);
    const topic = await ServedTopic.open({ note });
    try {
      await test(topic, noted);
    } finally {
      await topic.close();
    }
  };
}

/** Its connections are lost, and it has come back. */
async function reconnect(side: ServedTopic['calling'], queue: string): Promise<void> {
  side.proxy.cut();
  await eventually(() => expect(side.transport.counts.lostConnections).toBeGreaterThanOrEqual(2));
  await eventually(async () => {
    expect(side.transport.health().status).toBe('connected');
    expect(await queueDepth(rabbitUrl, queue)).toMatchObject({ consumers: 1 });
  });
}

describeWithRabbitControl('a queue that the broker has lost without a notice', { concurrent: true }, () => {
  it(
    'is declared and consumed again as a reply queue',
    served(async (served) => {
      const queue = served.calling.sent(/reply_[0-9a-f]{32}/)[0] ?? '';
      await reconnect(served.calling, queue);
      await forget(queue);
      await eventually(() => expect(served.calling.log.messages(/lost the queue "reply_/, 'warn')).toHaveLength(1));
      await eventually(() => served.ping(0.5));
    }),
  );

  it('is found as a reply queue while a call waits, long before the next regular check', async () => {
    const options = { rabbit: { topologyCheckInterval: '1h' } };
    const topic = await ServedTopic.open({}, options);
    try {
      const [queue = ''] = topic.calling.sent(/reply_[0-9a-f]{32}/);
      await forget(queue);
      const begin = performance.now();
      await topic.ping(20);
      // Without the check, the call would wait for its timeout.
      expect(performance.now() - begin).toBeLessThan(15_000);
      expect(topic.calling.log.messages(/lost the queue "reply_/, 'warn')).toHaveLength(1);
    } finally {
      await topic.close();
    }
  });

  it.each(['topic', 'server', 'fanout'] as const)('is declared and consumed again: the %s queue', (kind) =>
    served(async (served, noted) => {
      const { topic, client } = served;
      const to = { topic: {}, server: { server: 'one' }, fanout: { fanout: true } }[kind];
      const [fanout = ''] = served.serving.sent(new RegExp(`${topic}_fanout_[0-9a-f]{32}`));
      const queue = { topic, server: `${topic}.one`, fanout }[kind];
      await reconnect(served.serving, queue);
      await forget(queue);
      await eventually(async () => {
        await client.prepare(to).cast({}, 'note', { value: kind });
        await eventually(() => expect(noted).toContain(kind), { within: 200 });
      });
      expect(served.serving.log.messages(/lost the queue/, 'warn')).toEqual([expect.stringContaining(queue)]);
      await served.ping();
    })(),
  );
});
