import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { describeWithRabbit, rabbitUrl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { ServedTopic } from '../../support/served-topic.js';

const HOUR = 3_600_000;
/** Milliseconds that each caller waits: more than a message needs on a busy machine. */
const TIMEOUT = 20_000;

describeWithRabbit('a server and the clocks of its callers', () => {
  const ran: unknown[] = [];
  let served: ServedTopic;
  let replyQueue: string;

  const endpoint = { note: (_ctxt: unknown, { id }: { id: unknown }) => void ran.push(id) };

  beforeEach(async () => {
    ran.length = 0;
    replyQueue = `reply_${randomBytes(16).toString('hex')}`;
    served = await ServedTopic.open(endpoint);
    await withChannel(rabbitUrl, (channel) => channel.assertQueue(replyQueue, { durable: false }));
  });
  afterEach(async () => {
    await served.close();
    await withChannel(rabbitUrl, (channel) => channel.deleteQueue(replyQueue));
  });

  /** A call, as its caller writes it. @param deadline of its caller, by the caller's clock */
  async function publish(id: string, deadline: unknown, more = {}): Promise<void> {
    const _msg_id = randomBytes(16).toString('hex');
    const request = { method: 'note', args: { id }, _msg_id, _reply_q: replyQueue, _unique_id: _msg_id };
    await withChannel(rabbitUrl, async (channel) => {
      const properties = { headers: { 'x-deadline': deadline, ...more }, expiration: TIMEOUT };
      channel.sendToQueue(served.topic, Buffer.from(JSON.stringify(request)), properties);
      await channel.waitForConfirms();
    });
    await served.ping();
  }

  it.each([0, HOUR, -HOUR, 30_000, -30_000, -Date.now()])(
    'runs the calls of a clock that differs by %i ms',
    async (skew) => {
      const clock = () => Date.now() + skew;
      for (const id of ['1', '2', '3']) await publish(id, clock() + TIMEOUT);
      await eventually(() => expect(ran).toEqual(['1', '2', '3']));
      expect(served.serving.transport.counts.expiredRequests).toBe(0);
    },
  );

  it('drops a call that was under way for longer than its caller waited', async () => {
    const clock = () => Date.now() - HOUR;
    await publish('first', clock() + TIMEOUT);
    await publish('late', clock() - 5000);
    await publish('late, with other headers', clock() - 5000, { traceparent: '00' });
    await publish('last', clock() + TIMEOUT);
    await eventually(() => expect(ran).toEqual(['first', 'last']));
    const { transport, log } = served.serving;
    expect(transport.counts.expiredRequests).toBe(2);
    expect(log.messages(/Dropped a request .* gave up \d+ ms ago, and it was under way for too long/)).not.toEqual([]);
  });

  it('runs calls with a deadline that is no number', async () => {
    for (const deadline of ['soon', true, null, 1.5, { at: 1 }]) await publish(String(deadline), deadline);
    await eventually(() => expect(ran).toHaveLength(5));
  });
});
