import { expect, it } from 'vitest';
import { disconnectedTimeout } from '../../../../../lib/drivers/rabbit/topology/disconnected-timeout.js';

const RULE = 'consumer-disconnected-timeout';
const rules = (policy: object = {}, args: object = {}) => ({ policy: { ...policy }, arguments: { ...args } });

it.each([
  ['a broker before 4.3', 4.02, 'quorum', rules({ [RULE]: 2000 })],
  ['a classic queue', 4.03, 'classic', rules({ [RULE]: 2000 })],
  ['a stream', 4.03, 'stream', rules({ [RULE]: 2000 })],
  ['a queue that the management API does not know', 4.03, 'quorum', undefined],
])('nothing is said of %s', (_what, version, type, found) => {
  expect(disconnectedTimeout(version, type, found)).toBe('');
});

it.each([
  ['a policy', rules({ [RULE]: 2000 }), '2 s (consumer-disconnected-timeout)'],
  ['an argument', rules({}, { [`x-${RULE}`]: 500 }), '0.5 s (consumer-disconnected-timeout)'],
  ['the smaller one of both', rules({ [RULE]: 9000 }, { [`x-${RULE}`]: 7000 }), '7 s (consumer-disconnected-timeout)'],
  ['the broker', rules({ [RULE]: 'soon', 'message-ttl': 1 }), 'consumer_disconnected_timeout of the broker (60 s'],
])('the time for requests on a lost node is that of %s', (_what, found, text) => {
  expect(disconnectedTimeout(4.03, 'quorum', found)).toContain(
    `requests held by servers on a lost node return after ${text}`,
  );
});
