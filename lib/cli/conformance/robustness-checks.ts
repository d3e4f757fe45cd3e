import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { Deadline, newId } from '../../internal.js';
import type { Theme } from './check.js';
import { expect, expectSame, shown } from './expectation.js';
import { failureOf, type Peer } from './peer.js';
import { envelope, requestMessage } from './raw-message.js';

/** Bodies that are no request, and that nobody can be told of. */
const unreadable: readonly (string | Buffer)[] = [
  '',
  'this is not JSON',
  '{"oslo.version": "2.0", "oslo.message": "{',
  '{"oslo.version": "2.0", "oslo.message": "not JSON"}',
  '{"oslo.version": "2.0", "oslo.message": {}}',
  '{"oslo.version": null, "oslo.message": "{}"}',
  '[]',
  '[1, 2]',
  '"text"',
  '7',
  'null',
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
];

/** More requests than a server may hold unacknowledged, if its prefetch limit is a usual one. */
const MANY = 500;
/** Milliseconds that the broker may take until it has counted; RabbitMQ counts every 5 seconds. */
const COUNTING = 10_000;

/** Of a server without a prefetch limit, only the broker knows what it holds. */
async function expectNoneHeld({ wire, key }: Peer): Promise<void> {
  const deadline = Deadline.after(COUNTING);
  let counted = await wire.unacknowledged(key);
  const isCounted = () => counted && counted.published >= MANY;
  while (counted && (!isCounted() || counted.unacknowledged > 0) && !deadline.expired) {
    await sleep(500);
    counted = await wire.unacknowledged(key);
  }
  expect(!counted?.unacknowledged, `the queue "${key}" has ${counted?.unacknowledged} unacknowledged messages`);
}

async function answerTo(peer: Peer, message: object, msgId: string) {
  await peer.send(envelope({ ...message }));
  return peer.answer(msgId, 'the request');
}

/** Bodies that are damaged requests, or no requests. */
export const robustness: Theme = {
  theme: 'robustness',
  checks: [
    {
      name: 'no-envelope',
      expects: 'a request without an envelope (format 1.0) is served',
      async run(peer) {
        const msgId = newId();
        const message = requestMessage('echo', { a: 1 }, {}, { msgId, replyQueue: peer.replyQueue });
        await peer.send(JSON.stringify(message));
        expectSame((await peer.answer(msgId, 'echo')).reply.message['result'], { a: 1 }, 'echo');
      },
    },
    {
      name: 'unknown-envelope',
      expects: 'an envelope of another major version is not served, and does no harm',
      async run(peer) {
        const key = newId();
        for (const version of ['3.0', '1.0', '2.1', 3])
          await peer.send(envelope(requestMessage('count', { key }, {}), version));
        await peer.expectAlive();
        expectSame(await peer.result('counted', { key }), 0, 'executions');
      },
    },
    {
      name: 'unknown-members',
      expects: 'members that a later version may add, to envelope and message, are ignored',
      async run(peer) {
        const msgId = newId();
        const address = { msgId, replyQueue: peer.replyQueue };
        const message = requestMessage('echo', { a: 1 }, { extra: { _future: { a: [1] }, priority: 9 } }, address);
        await peer.send(envelope(message, '2.0', { 'oslo.future': { b: null } }));
        expectSame((await peer.answer(msgId, 'echo')).reply.message['result'], { a: 1 }, 'echo');
      },
    },
    {
      name: 'unreadable-body',
      expects: 'bodies that are no JSON, no object, or no message do no harm',
      async run(peer) {
        for (const body of unreadable) await peer.send(body);
        await peer.expectAlive();
        for (const name of [peer.address.topic, peer.key]) {
          expect(
            ((await peer.wire.queue(name))?.consumers ?? 0) > 0,
            `nobody consumes from the queue "${name}" any more`,
          );
        }
      },
    },
    {
      name: 'malformed-request',
      expects: 'a request whose members have wrong types is answered with a failure',
      async run(peer) {
        const wrong = [{ method: undefined }, { method: 7 }, { args: [1] }, { args: 'text' }, { namespace: 7 }];
        for (const members of wrong) {
          const msgId = newId();
          const message = requestMessage('echo', {}, { extra: members }, { msgId, replyQueue: peer.replyQueue });
          failureOf(await answerTo(peer, message, msgId), `a request with ${shown(members)}`);
        }
      },
    },
    {
      name: 'acknowledged',
      expects:
        'requests are acknowledged: 500 in a row are taken, and the management API, where given, counts none held',
      async run(peer) {
        const key = newId();
        const body = () => envelope(requestMessage('count', { key }));
        for (let sent = 0; sent < MANY; sent++) await peer.send(body());
        await peer.executed(key, MANY);
        await expectNoneHeld(peer);
      },
    },
    {
      name: 'compressed',
      expects: 'a request compressed by zlib (header `compression`) is served',
      optional: 'compression',
      async run(peer) {
        const msgId = newId();
        const message = requestMessage('echo', { a: 1 }, {}, { msgId, replyQueue: peer.replyQueue });
        const headers = { compression: 'application/x-gzip' };
        await peer.send(deflateSync(envelope(message)), peer.key, { headers });
        expectSame((await peer.answer(msgId, 'echo')).reply.message['result'], { a: 1 }, 'echo');
      },
    },
  ],
};
