import { connect } from 'amqplib';
import { expect, it } from 'vitest';
import { amqpUrl } from '../../testkit/amqp.js';
import { describeWithRabbitControl, rabbitControl, rabbitUrl, uniqueTopic } from '../support/environment.js';
import { type BrokerView, brokerView, connectionsAtWork, differences, viewIn } from './lab/broker-view.js';

const ID = 'c7ae42a19c3b4a0f8f6d2b8e1a5d9c33';

function viewOf(changed: Partial<BrokerView>): BrokerView {
  return { connections: 1, channels: 1, queues: ['topic'], orphans: [], ...changed };
}

it('tells the orphans in an answer from the queues', () => {
  const answer = `{3,7,[<<"topic">>,\n <<"reply_${ID}">>],\n orphans,\n [<<"reply_${ID}">>]}\n`;
  const queues = ['reply_<id>', 'topic'];
  expect(viewIn(answer)).toEqual({ connections: 3, channels: 7, queues, orphans: ['reply_<id>'] });
  expect(viewIn('{0,0,[],orphans,[]}')).toEqual({ connections: 0, channels: 0, queues: [], orphans: [] });
});

it('allows for orphans that were reply queues, and for no others', () => {
  expect(differences(viewOf({}), viewOf({ orphans: ['reply_<id>', 'reply_<id>'] }))).toEqual([]);
  expect(differences(viewOf({}), viewOf({ queues: ['reply_<id>', 'topic'] }))).toEqual([
    'not yet the queue reply_<id>',
  ]);
  expect(differences(viewOf({}), viewOf({ orphans: ['topic_fanout_<id>'] }))).toEqual([
    'not yet the orphan topic_fanout_<id>',
  ]);
});

describeWithRabbitControl('the view of a broker', () => {
  it('has an exclusive queue in use among the queues', async () => {
    if (!rabbitControl) throw new Error('no control');
    const model = await connect(amqpUrl(rabbitUrl));
    const queue = uniqueTopic('exclusive');
    await (await model.createChannel()).assertQueue(queue, { exclusive: true, durable: false });
    const view = await brokerView(rabbitControl);
    const atWork = await connectionsAtWork(rabbitControl);
    await model.close();
    expect(atWork).toMatch(/rabbit_reader,<<"127\.0\.0\.1:\d+ -> .*message_queue_len/s);
    expect(view.queues).toContain(queue);
    expect(view.connections).toBeGreaterThan(0);
    expect(view.orphans).toEqual([]);
  });
});
