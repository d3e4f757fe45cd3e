import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectionClose } from '../support/amqp-frames.js';
import { describeWithRabbit, rabbitUrl } from '../support/environment.js';
import { eventually } from '../support/eventually.js';
import { MessageTap } from '../support/message-tap.js';
import { ServedTopic } from '../support/served-topic.js';
import type { Link } from '../support/tcp-link.js';

const FORCED = connectionClose(320, 'CONNECTION_FORCED - Node was put into maintenance mode');

describeWithRabbit('a request that was not confirmed when a node closed its connections', () => {
  const ran: unknown[] = [];
  let served: ServedTopic;
  let tap: MessageTap;

  const endpoint = {
    run: (_ctxt: unknown, { n }: { n: number }) => {
      ran.push(n);
      return n;
    },
  };

  beforeEach(async () => {
    ran.length = 0;
    served = await ServedTopic.open(endpoint);
    tap = await MessageTap.open(rabbitUrl, 'tacker', [served.topic]);
  });
  afterEach(async () => {
    await tap.close();
    await served.close();
  });

  /** Closes connections of the client, as a node does that is drained. */
  function close(links = served.calling.proxy.links): void {
    for (const link of links) link.inject('toClient', FORCED);
    served.calling.proxy.resume();
  }

  /** Loses what the client publishes from now on. @returns its connection for that, which is opened after the other */
  function losePublishes(): Link[] {
    const publishing = served.calling.proxy.links.slice(-1);
    for (const link of publishing) link.die();
    return publishing;
  }

  const settled = () =>
    eventually(() => expect(served.calling.transport.health()).toMatchObject({ pendingPublishes: 0, pendingCalls: 0 }));

  it('is not published again where its reply comes: a call', async () => {
    served.calling.proxy.stall('toClient');
    const call = served.client.call({}, 'run', { n: 1 });
    await eventually(() => expect(ran).toEqual([1]));
    close();
    expect(await call).toBe(1);
    await settled();
    expect(tap.messages).toHaveLength(1);
    expect(served.serving.transport.counts.duplicates).toBe(0);
  });

  it('is published again where no reply comes: a call', async () => {
    const publishing = losePublishes();
    const call = served.client.call({}, 'run', { n: 1 });
    await eventually(() => expect(served.calling.transport.health().pendingPublishes).toBe(1));
    close(publishing);
    expect(await call).toBe(1);
    await settled();
    expect(tap.messages.map(({ properties }) => properties['headers'])).toMatchObject([{ 'x-published-again': 1 }]);
    expect(ran).toEqual([1]);
  });

  it('is published again at half of its time where that is short: a call', async () => {
    const publishing = losePublishes();
    const call = served.client.prepare({ timeout: 3 }).call({}, 'run', { n: 1 });
    await eventually(() => expect(served.calling.transport.health().pendingPublishes).toBe(1));
    close(publishing);
    expect(await call).toBe(1);
  });

  it('is published again at once: a cast, which has no reply', async () => {
    served.calling.proxy.stall('toClient');
    const cast = served.client.cast({}, 'run', { n: 1 });
    await eventually(() => expect(ran).toEqual([1]));
    close();
    await cast;
    await eventually(() => expect(tap.messages).toHaveLength(2));
    expect(ran).toEqual([1]);
  });
});
