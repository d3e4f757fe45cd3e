import { afterEach, beforeEach, expect, it } from 'vitest';
import { withChannel } from '../../testkit/amqp.js';
import { describeWithRabbit, rabbitControl, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { ServedTopic } from '../support/served-topic.js';

describeWithRabbit('topology that is deleted under a running server', () => {
  const controlExchange = uniqueTopic('upkeep');
  let served: ServedTopic;

  beforeEach(async () => {
    served = await ServedTopic.open({}, { controlExchange, rabbit: { topologyCheckInterval: '200ms' } });
  });
  afterEach(async () => {
    await served.close();
    await withChannel(rabbitUrl, (channel) => channel.deleteExchange(controlExchange));
  });

  const works = () => eventually(() => served.ping(1), { within: 10_000 });

  it('is declared again: a binding', async () => {
    const { topic } = served;
    await withChannel(rabbitUrl, (channel) => channel.unbindQueue(topic, controlExchange, topic));
    await works();
    expect(served.serving.transport.counts.lostConnections).toBe(0);
  });

  it('is declared again, logged and counted: the exchange', async () => {
    const seen: string[] = [];
    served.serving.transport.onStatus((status) => seen.push(status));
    await withChannel(rabbitUrl, (channel) => channel.deleteExchange(controlExchange));
    // A call that came first would have its client declare the exchange.
    await eventually(() => expect(seen).toContain('connecting'));
    await eventually(() => expect(served.serving.transport.health().status).toBe('connected'));
    await works();
    expect(
      served.serving.log.messages(new RegExp(`lost the exchange "${controlExchange}": it is declared again`), 'warn'),
    ).toHaveLength(1);
    expect(served.serving.transport.counts).toMatchObject({ redeclared: 1, lostConnections: 0 });
  });

  it.skipIf(!rabbitControl)(
    'is declared again, logged and counted: a reply queue that was deleted without a notice',
    async () => {
      const { calling } = served;
      const [queue = ''] = calling.sent(/reply_[0-9a-f]{32}/);
      const name = `rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)`;
      await rabbitControl?.rabbitmqctl('eval', `rabbit_amqqueue:internal_delete(${name}, <<"test">>).`);
      await eventually(() => expect(calling.log.messages(/lost the queue "reply_/, 'warn')).toHaveLength(1));
      await works();
      expect(calling.transport.counts.redeclared).toBe(1);
    },
  );
});
