import { setTimeout as sleep } from 'node:timers/promises';
import type { Theme } from './check.js';
import { expect, expectSame } from './expectation.js';

/** Checks of heartbeats. A caller requests them by `_timeout`: one every `_timeout / 2` seconds. */
export const heartbeats: Theme = {
  theme: 'heartbeats',
  checks: [
    {
      name: 'no-heartbeats',
      expects: 'a caller that requests no heartbeats gets none',
      async run(peer) {
        const { msgId } = await peer.call('slow', { seconds: 1.5 }, { takes: 1.5 });
        expectSame(peer.replies.of(msgId).length, 1, 'replies');
      },
    },
    {
      name: 'odd-timeouts',
      expects: 'a `_timeout` that is under 2, too large, or of another type is ignored',
      async run(peer) {
        const odd = [0, 1, -1, 1e12, 'soon'];
        const answers = await Promise.all(
          odd.map((monitor) => peer.call('slow', { seconds: 1.5 }, { monitor, takes: 1.5 })),
        );
        expectSame(
          answers.map(({ msgId }) => peer.replies.of(msgId).length),
          odd.map(() => 1),
          `replies for _timeout ${odd.join(', ')}`,
        );
      },
    },
    {
      name: 'heartbeats',
      expects: 'a caller that requests heartbeats gets one every half `_timeout`, and none after the reply',
      async run(peer) {
        const begun = performance.now();
        const { msgId, reply } = await peer.call('slow', { seconds: 3.5 }, { monitor: 2, takes: 3.5 });
        const due = Math.floor((reply.at - begun) / 1000);
        await sleep(1500);
        const replies = peer.replies.of(msgId).map(({ message }) => message);
        const last = replies.pop();
        expectSame(last?.['ending'], true, 'ending of the last reply');
        for (const { result, failure, ending } of replies) {
          expectSame({ result, failure, ending }, { result: null, failure: null, ending: false }, 'heartbeat');
        }
        // The clocks are read at slightly different times, so the number may differ by one.
        expect(Math.abs(replies.length - due) <= 1, `expected ${due} heartbeats, got ${replies.length}`);
      },
    },
  ],
};
