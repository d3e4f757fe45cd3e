import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { Deadline, newId } from '../../internal.js';
import type { Theme } from './check.js';
import { expect, expectSame, shown } from './expectation.js';
import { failureOf, type Peer } from './peer.js';
import { envelope, requestMessage } from './raw-message.js';

/** Bodies that are not a request, and name no reply queue for a failure. */
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

/** Number of requests: more than a usual prefetch limit, so that a server must acknowledge to get all. */
const MANY = 500;
/** Minimum wait for the counts of the broker. The queue and the channels of RabbitMQ count every 5 seconds, each by itself. */
const COUNT_INTERVAL_MS = 7500;
/** Maximum wait for the counts of the broker, in milliseconds. */
const COUNT_TIMEOUT_MS = 15_000;

/**
 * Checks the unacknowledged messages at the broker, because a server without a prefetch limit gets all requests anyway.
 */
async function expectNoneHeld({ wire, key }: Peer): Promise<void> {
  const [earliest, deadline] = [Deadline.after(COUNT_INTERVAL_MS), Deadline.after(COUNT_TIMEOUT_MS)];
  let counted = await wire.unacknowledged(key);
  const isCounted = () => earliest.expired && counted && counted.published >= MANY;
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

/** Checks with bodies that are damaged requests, or not requests. */
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
      expects: 'an envelope of another major version is not served, and the server continues',
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
      expects: 'unknown members of envelope and message are ignored',
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
      expects: 'the server continues after bodies that are not JSON, not an object, or not a message',
      async run(peer) {
        for (const body of unreadable) await peer.send(body);
        await peer.expectAlive();
        for (const name of [peer.address.topic, peer.key]) {
          expect(((await peer.wire.queue(name))?.consumers ?? 0) > 0, `the queue "${name}" has no consumer any more`);
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
      expects: '500 requests in a row are delivered; by the management API, if given, none stays unacknowledged',
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
