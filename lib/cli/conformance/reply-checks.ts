import { setTimeout as sleep } from 'node:timers/promises';
import { newId, newReplyQueueName } from '../../internal.js';
import type { Theme } from './check.js';
import { expect, expectSame, shown } from './expectation.js';
import { envelope, requestMessage } from './raw-message.js';

const ID = /^[0-9a-f]{32}$/;

/** Checks of replies as they arrive in the reply queue. */
export const replies: Theme = {
  theme: 'replies',
  checks: [
    {
      name: 'reply-properties',
      expects: 'content type `application/json`, encoding `utf-8`, through the default exchange',
      async run(peer) {
        const { fields, properties } = (await peer.call('echo')).reply.raw;
        const { contentType, contentEncoding } = properties;
        expectSame(
          { contentType, contentEncoding, exchange: fields.exchange },
          { contentType: 'application/json', contentEncoding: 'utf-8', exchange: '' },
          'properties',
        );
      },
    },
    {
      name: 'reply-envelope',
      expects: 'envelope 2.0: `oslo.version`, and `oslo.message` as JSON inside JSON',
      async run(peer) {
        const { body } = (await peer.call('echo')).reply;
        expectSame(Object.keys(body).sort(), ['oslo.message', 'oslo.version'], 'members of the body');
        expectSame(body['oslo.version'], '2.0', 'oslo.version');
        expectSame(typeof body['oslo.message'], 'string', 'the type of oslo.message');
      },
    },
    {
      name: 'reply-members',
      expects: '`result`, `failure`, `ending` true, the `_msg_id` of the request, a new `_unique_id`',
      async run(peer) {
        const answers = [await peer.call('echo', { a: 1 }), await peer.call('echo', { a: 1 })];
        for (const { msgId, reply } of answers) {
          const { _unique_id: uniqueId, ...members } = reply.message;
          expectSame(members, { result: { a: 1 }, failure: null, ending: true, _msg_id: msgId }, 'reply');
          expect(typeof uniqueId === 'string' && ID.test(uniqueId), `_unique_id: got ${shown(uniqueId)}`);
        }
        const [first, second] = answers.map(({ reply }) => reply.message['_unique_id']);
        expect(first !== second, 'two replies have the same _unique_id');
      },
    },
    {
      name: 'calls-at-once',
      expects: 'twenty concurrent calls get their own results',
      async run(peer) {
        const numbers = Array.from({ length: 20 }, (_, index) => index);
        const results = await Promise.all(numbers.map((index) => peer.result('add', { a: index, b: 100 })));
        expectSame(
          results,
          numbers.map((index) => index + 100),
          'results',
        );
      },
    },
    {
      name: 'slow-overlap',
      expects: 'eight calls of one second run concurrently, and a quick call does not wait for them',
      async run(peer) {
        const begun = performance.now();
        const slow = Array.from({ length: 8 }, () => peer.call('slow', { seconds: 1 }, { takes: 8 }));
        const [quick, ...answers] = await Promise.all([peer.call('echo'), ...slow]);
        const ends = answers.map(({ reply }) => reply.at);
        expect(quick.reply.at < Math.min(...ends), 'the quick call was answered after a slow one');
        const seconds = (Math.max(...ends) - begun) / 1000;
        expect(seconds < 5, `together they took ${seconds.toFixed(1)} s`);
      },
    },
    {
      name: 'absent-reply-queue',
      expects: 'a reply to a missing queue delays no other reply, and arrives when the queue is declared',
      async run(peer) {
        const msgId = newId();
        const replyQueue = newReplyQueueName();
        await peer.send(envelope(requestMessage('echo', { late: true }, {}, { msgId, replyQueue })));
        for (let others = 0; others < 5; others++) await peer.result('echo');
        await peer.wire.consume(replyQueue, (message) => peer.replies.take(message));
        const { reply } = await peer.answer(msgId, 'the call whose reply queue was missing');
        await peer.wire.deleteQueue(replyQueue);
        expectSame(reply.message['result'], { late: true }, 'echo');
      },
    },
    {
      name: 'one-reply',
      expects: 'each call of this run has exactly one readable reply',
      async run(peer) {
        for (const method of ['echo', 'nothing', 'no_such_method']) await peer.call(method);
        await sleep(500);
        for (const replies of peer.replies.all()) {
          const endings = replies.filter(({ message }) => message['ending'] !== false);
          expectSame(endings.length, 1, `replies to ${shown(endings[0]?.message['_msg_id'])}`);
        }
        expectSame(peer.replies.unreadable, [], 'replies that could not be read');
      },
    },
  ],
};
