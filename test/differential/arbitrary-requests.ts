import fc from 'fast-check';
import { dictOf, key, longText, nested, text, value } from './arbitrary-values.js';
import { dict, list, NULL, number, string, type Tree } from './json-tree.js';
import type { RequestPlan } from './request.js';

type Entries = [string, Tree][];

const METHODS_WITHOUT_ARGUMENTS = ['nothing', 'context', 'where', 'only_default'];
const NO_METHODS = [
  'no_such_method',
  '_private',
  '__init__',
  '__class__',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'target',
  'note',
  '',
  'échø',
  'echo ',
  'x'.repeat(5000),
];

const texts = text.map(string);
const kinds = fc.constantFrom('Exception', 'TypeError', 'ValueError').map(string);

function callOf(method: string, args: fc.Arbitrary<Entries>): fc.Arbitrary<[string, Entries]> {
  return args.map((entries) => [method, entries]);
}

/** A method with arguments that fit it. */
const fitting: fc.Arbitrary<[string, Entries]> = fc.oneof(
  { weight: 6, arbitrary: callOf('echo', dictOf(key, value)) },
  {
    weight: 6,
    arbitrary: callOf(
      'give',
      value.map((one) => [['value', one]]),
    ),
  },
  {
    weight: 1,
    arbitrary: callOf(
      'give',
      nested(fc.integer({ min: 1, max: 90 })).map((one) => [['value', one]]),
    ),
  },
  {
    weight: 1,
    arbitrary: callOf(
      'give',
      longText(500, 20_000).map((one) => [['value', one]]),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...METHODS_WITHOUT_ARGUMENTS).map((method): [string, Entries] => [method, []]),
  },
  {
    weight: 2,
    arbitrary: callOf(
      'fail',
      fc.tuple(kinds, texts).map(([kind, message]) => [
        ['kind', kind],
        ['message', message],
      ]),
    ),
  },
  {
    weight: 1,
    arbitrary: callOf(
      'fail_bare',
      kinds.map((kind) => [['kind', kind]]),
    ),
  },
  {
    weight: 1,
    arbitrary: callOf(
      'fail_expected',
      fc.tuple(kinds, texts).map(([kind, message]) => [
        ['kind', kind],
        ['message', message],
      ]),
    ),
  },
  {
    weight: 1,
    arbitrary: callOf(
      'fail_unmapped',
      texts.map((message) => [['message', message]]),
    ),
  },
  {
    weight: 2,
    arbitrary: callOf(
      'fail_mapped',
      fc.tuple(texts, fc.array(value, { maxLength: 3 }), dictOf(key, value, 3)).map(([message, args, kwargs]) => [
        ['message', message],
        ['args', list(args)],
        ['kwargs', dict(kwargs)],
      ]),
    ),
  },
);

/** Arguments that are missing, or that nobody asked for. */
const unfitting: fc.Arbitrary<[string, Entries]> = fc.constantFrom(
  ['give', []],
  [
    'give',
    [
      ['value', NULL],
      ['more', NULL],
    ],
  ],
  ['nothing', [['unasked', number('1')]]],
  ['fail', [['kind', string('ValueError')]]],
  ['fail', []],
  ['fail', [['message', NULL]]],
  ['fail_mapped', []],
  ['fail_mapped', [['args', NULL]]],
  [
    'fail',
    [
      ['mesage', NULL],
      ['kind', NULL],
    ],
  ],
  ['give', [['self', NULL]]],
  ['give', [['ctxt', NULL]]],
);

const missing: fc.Arbitrary<[string, Entries]> = fc.tuple(
  fc.oneof(fc.constantFrom(...NO_METHODS), text),
  dictOf(key, value, 2),
);

/** Members of the wrong type, of which Python and we both say something, each in its own way. */
const malformed: fc.Arbitrary<Entries> = fc.oneof(
  fc.constantFrom(NULL, list([]), string('x'), number('1')).map(
    (args): Entries => [
      ['method', string('echo')],
      ['args', args],
    ],
  ),
  fc.constantFrom(NULL, list([]), dict([]), number('1')).map(
    (method): Entries => [
      ['method', method],
      ['args', dict([])],
    ],
  ),
  fc.constant<Entries>([]),
  fc.constantFrom(list([]), number('1'), dict([])).map(
    (namespace): Entries => [
      ['method', string('echo')],
      ['args', dict([])],
      ['namespace', namespace],
    ],
  ),
  fc.constantFrom(list([]), number('1.0'), dict([])).map(
    (version): Entries => [
      ['method', string('echo')],
      ['args', dict([])],
      ['version', version],
    ],
  ),
  fc
    .constantFrom(150, 400)
    .chain((levels) => nested(fc.constant(levels)))
    .map(
      (deep): Entries => [
        ['method', string('give')],
        ['args', dict([['value', deep]])],
      ],
    ),
  fc.constant<Entries>([
    ['method', string('give')],
    ['args', dict([['value', number('7'.repeat(5000))]])],
  ]),
);

const namespace: fc.Arbitrary<Tree | undefined> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant(NULL) },
  { weight: 4, arbitrary: fc.constantFrom('current', 'old', 'older', '', 'unknown', 'Current').map(string) },
  { weight: 1, arbitrary: texts },
);

const version: fc.Arbitrary<Tree | undefined> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('1.0', '1.1', '1.2', '1.5', '1.5.0', '1.5.1', '1.6', '2.0', '2.3', '2.3.1', '2.3.2', '0.9', '01.00')
      .map(string),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('1', '', '1.', '.5', 'a.b', '1.x', '1.0.0.0', ' 1.0', '1.-0', '-1.0', '1.5.z')
      .map(string),
  },
  { weight: 1, arbitrary: fc.constant(NULL) },
);

const timeout: fc.Arbitrary<Tree | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constant(NULL) },
  // None of these makes a heartbeat due at once; one that is due later is for a test of its own.
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      number('-1'),
      number('0'),
      number('1'),
      number('1.9'),
      string('x'),
      string(''),
      number('NaN'),
    ),
  },
);

const context: fc.Arbitrary<Entries> = dictOf(
  fc
    .oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(
          'user_id',
          'project_id',
          'roles',
          'is_admin',
          'auth_token',
          'tenant',
          'user',
          'own_key',
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('client_timeout', 'msg_id', 'reply_q', '__proto__', 'constructor'),
      },
      { weight: 2, arbitrary: key },
    )
    // Python's listener loses its connection over a context key "self", and with it what else is under way.
    .filter((name) => name !== 'request' && name !== 'self'),
  value,
).map((entries) => entries.map(([name, one]) => [`_context_${name}`, one]));

function optional(name: string, one: Tree | undefined): Entries {
  return one === undefined ? [] : [[name, one]];
}

const message: fc.Arbitrary<Entries> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc
      .tuple(
        fc.oneof(
          { weight: 14, arbitrary: fitting },
          { weight: 1, arbitrary: unfitting },
          { weight: 3, arbitrary: missing },
        ),
        namespace,
        version,
        timeout,
        context,
      )
      .map(
        ([[method, args], namespaceOf, versionOf, timeoutOf, contextOf]): Entries => [
          ['method', string(method)],
          ['args', dict(args)],
          ...optional('namespace', namespaceOf),
          ...optional('version', versionOf),
          ...optional('_timeout', timeoutOf),
          ...contextOf,
        ],
      ),
  },
  { weight: 1, arbitrary: malformed },
);

const envelope: fc.Arbitrary<string | undefined> = fc.oneof(
  { weight: 30, arbitrary: fc.constant('"2.0"') },
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('"2.1"', '"3.0"', '"1.0"', '2.0', 'null', '"x"', '""') },
);

/** A request as any peer, good or bad, might send it. */
export const request: fc.Arbitrary<RequestPlan> = fc.record({
  route: fc.constantFrom('shared', 'shared', 'shared', 'server', 'fanout'),
  call: fc.constantFrom(true, true, true, true, false),
  message,
  envelope,
  copies: fc.constantFrom(...Array<number>(30).fill(1), 2, 3),
  again: fc.constantFrom(...Array<boolean>(60).fill(false), true),
  ascii: fc.boolean(),
});
