import type { Dict } from '../../internal.js';
import type { Theme } from './check.js';
import { expect, expectSame, shown } from './expectation.js';
import { failureOf, type Peer } from './peer.js';

const MESSAGE = 'naïve “text”\nof two lines ☃';

async function failureFrom(peer: Peer, method: string, args: object): Promise<Dict> {
  const answer = await peer.call(method, args);
  const failure = failureOf(answer, method);
  expectSame(answer.reply.message['result'], null, `the result beside the failure of ${method}`);
  return failure;
}

function expectTraceback({ tb }: Dict): void {
  const isTraceback = Array.isArray(tb) && tb.length > 0 && tb.every((line) => typeof line === 'string');
  expect(isTraceback, `tb: expected a list of texts, got ${shown(tb)}`);
}

/** Checks of failures. */
export const failures: Theme = {
  theme: 'failures',
  checks: [
    {
      name: 'builtin-exception',
      expects: '`ValueError`, `TypeError` and `Exception` have their Python names, and the message alone',
      async run(peer) {
        for (const kind of ['ValueError', 'TypeError', 'Exception']) {
          const { class: name, module, message, args } = await failureFrom(peer, 'fail', { kind, message: MESSAGE });
          expectSame({ name, module, message }, { name: kind, module: 'builtins', message: MESSAGE }, `fail ${kind}`);
          expectSame(args, [MESSAGE], `args of ${kind}`);
        }
      },
    },
    {
      name: 'module-exception',
      expects: 'an exception of another module has its module, class, `args` and `kwargs`',
      async run(peer) {
        const given = { args: ['a', 2, null, ['b']], kwargs: { vnf_id: 'v-1', extra: { deep: true } } };
        const { class: name, module, message, args, kwargs } = await failureFrom(peer, 'fail_with_args', given);
        const expected = { name: 'Conflict', module: 'conformance.reference', message: 'conflict', ...given };
        expectSame({ name, module, message, args, kwargs }, expected, 'fail_with_args');
      },
    },
    {
      name: 'expected-exception',
      expects: 'an expected exception reaches the caller as any other',
      async run(peer) {
        const { class: name, module, message } = await failureFrom(peer, 'fail_expected', { message: MESSAGE });
        expectSame({ name, module, message }, { name: 'ValueError', module: 'builtins', message: MESSAGE }, 'failure');
      },
    },
    {
      name: 'traceback',
      expects: 'a failure has a traceback: a list of texts',
      async run(peer) {
        expectTraceback(await failureFrom(peer, 'fail', { kind: 'ValueError', message: 'x' }));
        expectTraceback(await failureFrom(peer, 'no_such_method', {}));
      },
    },
    {
      name: 'failure-members',
      expects: 'a failure has exactly the members `class`, `module`, `message`, `tb`, `args`, `kwargs`',
      async run(peer) {
        const failure = await failureFrom(peer, 'fail', { kind: 'ValueError', message: 'x' });
        expectSame(Object.keys(failure).sort(), ['args', 'class', 'kwargs', 'message', 'module', 'tb'], 'members');
      },
    },
  ],
};
