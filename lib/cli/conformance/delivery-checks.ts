import { newId } from '../../internal.js';
import type { Theme } from './check.js';
import { expect, expectSame } from './expectation.js';
import { envelope, requestMessage } from './raw-message.js';

/** Checks of routing and of the number of executions. */
export const delivery: Theme = {
  theme: 'delivery',
  checks: [
    {
      name: 'queues',
      expects: 'the queues `<topic>` and `<topic>.<server>` exist and have consumers',
      async run(peer) {
        for (const name of [peer.address.topic, peer.key]) {
          const state = await peer.wire.queue(name);
          expect(state !== undefined, `the queue "${name}" does not exist`);
          expect(state.consumers > 0, `the queue "${name}" has no consumer`);
        }
      },
    },
    {
      name: 'fanout-exchange',
      expects: 'the exchange `<topic>_fanout` exists',
      async run(peer) {
        const name = `${peer.address.topic}_fanout`;
        expect(await peer.wire.hasExchange(name), `the exchange "${name}" does not exist`);
      },
    },
    {
      name: 'call-topic',
      expects: 'a call to the topic alone is answered by one of its servers',
      run: async (peer) =>
        expectSame(await peer.result('echo', { a: 1 }, { to: peer.address.topic }), { a: 1 }, 'echo'),
    },
    {
      name: 'call-server',
      expects: 'a call to the server by its name is answered by that server',
      async run(peer) {
        const { server } = (await peer.result('about')) as { server?: unknown };
        expectSame(server, peer.about.server, 'the server that answered');
      },
    },
    {
      name: 'unknown-server',
      expects: 'a message to an unknown server is returned by the broker',
      async run(peer) {
        const { exchange, topic } = peer.address;
        const body = envelope(requestMessage('count', { key: newId() }));
        expect(!(await peer.wire.publish(exchange, `${topic}.${newId()}`, body)), 'a queue accepted it');
      },
    },
    {
      name: 'cast',
      expects: 'a cast is executed once',
      async run(peer) {
        const key = newId();
        await peer.cast('count', { key });
        expectSame(await peer.executions(key), 1, 'executions');
      },
    },
    {
      name: 'fanout',
      expects: 'a cast to all servers of the topic is executed once by this one',
      async run(peer) {
        const key = newId();
        const exchange = `${peer.address.topic}_fanout`;
        expect(await peer.wire.hasExchange(exchange), `the exchange "${exchange}" does not exist`);
        const isRouted = await peer.wire.publish(exchange, '', envelope(requestMessage('count', { key })));
        expect(isRouted, `no queue is bound to "${exchange}"`);
        expectSame(await peer.executions(key), 1, 'executions');
      },
    },
    {
      name: 'duplicate-cast',
      expects: 'a duplicate `_unique_id` is not executed again, at once or a little later',
      async run(peer) {
        const key = newId();
        const body = envelope(requestMessage('count', { key }));
        await peer.send(body);
        await peer.send(body);
        for (let between = 0; between < 5; between++) await peer.result('echo');
        await peer.send(body);
        expectSame(await peer.executions(key), 1, 'executions');
      },
    },
    {
      name: 'duplicate-call',
      expects: 'a call that is delivered twice is answered once',
      async run(peer) {
        const msgId = newId();
        const address = { msgId, replyQueue: peer.replyQueue };
        const key = newId();
        const body = envelope(requestMessage('count', { key }, {}, address));
        await peer.send(body);
        await peer.send(body);
        await peer.answer(msgId, 'count');
        expectSame(await peer.executions(key), 1, 'executions');
        expectSame(peer.replies.of(msgId).length, 1, 'replies');
      },
    },
  ],
};
