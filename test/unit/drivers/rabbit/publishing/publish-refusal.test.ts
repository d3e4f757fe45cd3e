import { expect, it } from 'vitest';
import { type CloseOutcome, classifyClose } from '../../../../../lib/drivers/rabbit/publishing/publish-refusal.js';

const FAILURES = {
  missing: Object.assign(new Error("404 NOT_FOUND - no exchange 'x' in vhost '/'"), { code: 404 }),
  forbidden: Object.assign(new Error("403 ACCESS_REFUSED - write access to exchange 'x' refused"), { code: 403 }),
  'forbidden default': Object.assign(new Error("403 ACCESS_REFUSED - write access to exchange 'amq.default' refused"), {
    code: 403,
  }),
  'forbidden key': Object.assign(new Error("403 ACCESS_REFUSED - write access to topic 'k' in exchange 'x' refused"), {
    code: 403,
  }),
  'too large': Object.assign(new Error('406 PRECONDITION_FAILED - message size 9 is larger than configured'), {
    code: 406,
  }),
  unrelated: Object.assign(new Error('406 PRECONDITION_FAILED - unknown delivery tag 1'), { code: 406 }),
};

/** Messages by exchange and routing key; a `!` makes the body 9 bytes long. */
function messages(...routes: string[]) {
  return routes.map((route, index) => {
    const [exchange = '', routingKey = ''] = route.replace('!', '').split('/');
    const body = Buffer.alloc(route.endsWith('!') ? 9 : 1);
    return [
      index + 1,
      { message: { exchange, routingKey, body, mandatory: false, headers: undefined, expiration: undefined } },
    ] as const;
  });
}

it.each<[keyof typeof FAILURES, string[], number, CloseOutcome[]]>([
  ['missing', ['x/k'], 0, ['refused']],
  ['missing', ['a/k', 'x/k', 'a/k'], 0, ['confirm-lost', 'refused', 'unprocessed']],
  ['missing', ['x/k', 'a/k', 'x/k', 'a/k'], 0, ['vanished', 'vanished', 'vanished', 'unprocessed']],
  ['missing', ['x/k', 'x/k'], 1, ['confirm-lost', 'refused']],
  ['missing', ['a/k', 'b/k'], 0, ['lost', 'lost']],
  ['missing', ['a/k', 'b/k'], 1, ['confirm-lost', 'lost']],
  [
    'forbidden',
    ['a/k', 'x/k', 'a/k', 'x/l', 'a/k'],
    0,
    ['confirm-lost', 'refused', 'unprocessed', 'refused', 'unprocessed'],
  ],
  ['forbidden default', ['a/k', '/k', '/l'], 0, ['confirm-lost', 'refused', 'refused']],
  ['forbidden key', ['x/l', 'x/k', 'x/l'], 0, ['confirm-lost', 'refused', 'unprocessed']],
  ['too large', ['x/k', 'a/k!', 'x/k'], 0, ['confirm-lost', 'refused', 'unprocessed']],
  ['unrelated', ['x/k', 'a/k'], 0, ['lost', 'lost']],
])('finds the refused message among the others: %s, %j, %i processed', (failure, routes, processed, outcomes) => {
  expect([...classifyClose(FAILURES[failure], messages(...routes), processed).values()]).toEqual(outcomes);
});
