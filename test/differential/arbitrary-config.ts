import fc from 'fast-check';
import type { ValueType } from '../../lib/config/value-types.js';

/** Option that Python and we look up. */
export interface LookedUp {
  names: [group: string, name: string][];
  type: Exclude<ValueType, 'own'>;
}

/** Files in the order in which they are given, those of the folder `conf.d`, and variables of the environment. */
export interface ConfigCase {
  files: [name: string, text: string][];
  folder: [name: string, text: string][];
  environment: Record<string, string>;
}

const DEFAULT = 'DEFAULT';
const RABBIT = 'oslo_messaging_rabbit';

/** Options of each type, in two groups, some with former names. */
export const LOOKED_UP: readonly LookedUp[] = [
  {
    names: [
      [DEFAULT, 'text'],
      [DEFAULT, 'old_text'],
      ['older', 'text'],
    ],
    type: 'string',
  },
  { names: [[DEFAULT, 'other']], type: 'string' },
  { names: [[DEFAULT, 'flag']], type: 'boolean' },
  {
    names: [
      [DEFAULT, 'count'],
      ['older', 'count'],
    ],
    type: 'integer',
  },
  { names: [[DEFAULT, 'ratio']], type: 'float' },
  { names: [[DEFAULT, 'items']], type: 'list' },
  {
    names: [
      [DEFAULT, 'many'],
      ['older', 'many'],
      [DEFAULT, 'old_many'],
    ],
    type: 'multi',
  },
  { names: [[RABBIT, 'text']], type: 'string' },
  {
    names: [
      [RABBIT, 'flag'],
      [DEFAULT, 'old_flag'],
    ],
    type: 'boolean',
  },
  { names: [[RABBIT, 'count']], type: 'integer' },
  { names: [[RABBIT, 'items']], type: 'list' },
  // Names that a $ can mean.
  { names: [[RABBIT, 'other']], type: 'string' },
  { names: [['old', 'other']], type: 'string' },
  { names: [['old', 'text']], type: 'string' },
];

const KEYS = [...new Set(LOOKED_UP.flatMap(({ names }) => names.map(([, name]) => name)))];

const SECTIONS = [
  '[DEFAULT]',
  '[DEFAULT]',
  '[oslo_messaging_rabbit]',
  '[OSLO_Messaging_Rabbit]',
  '[older]',
  '[OLDER]',
  '[old]',
];
const OTHER_SECTIONS = ['[default]', '[ DEFAULT ]', '[keystone]', '[a]b]', '[größe]'];
const BAD_LINES = ['[DEFAULT', '[]', '[DEFAULT] # the defaults', 'no assignment', '= no key', ' : no key', ':'];
const SPACES = ['', ' ', '  ', '\t', ' \t ', '\u00a0', '\u3000', '\u000b', '\u001c', '\u2003', '\ufeff'];

const space = fc.constantFrom(...SPACES);
/** Letters that Python takes for letters of English when it ignores case. */
const ODD_LETTERS = /[ıſK]/gu;
const word = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 8 })
  .map((text) => text.replace(ODD_LETTERS, '').replace(/[\r\n$]/g, ''));

const reference = fc.constantFrom(
  ...['$text', '${text}', '$other', '${other}x', '${oslo_messaging_rabbit.text}', '${old.other}'],
  ...['$$', '\\$', '\\\\$', '$', '$5', '${', '${}', '${ text}', '$-', '$$text', '$TEXT'],
);
const unknown = fc.constantFrom(
  '$nothing',
  '${nothing}',
  '$text.',
  '${old.nothing}',
  '${DEFAULT.text}',
  '${OLD.other}',
  '$old',
);

const piece = fc.oneof(
  { arbitrary: word, weight: 6 },
  { arbitrary: reference, weight: 3 },
  { arbitrary: unknown, weight: 1 },
  {
    arbitrary: fc.constantFrom('"', "'", ',', ', ', '=', ':', '#', ' ; ', '%(name)s', '%s', '[x]', '{a:b}', 'ä', '☃'),
    weight: 4,
  },
  { arbitrary: space, weight: 2 },
);

const quoted = (value: fc.Arbitrary<string>) =>
  fc.oneof(
    { arbitrary: value, weight: 4 },
    { arbitrary: value.map((text) => `"${text}"`), weight: 1 },
    { arbitrary: value.map((text) => `'${text}'`), weight: 1 },
  );

const digits = fc.nat(99_999_999).map(String);
const number = fc.oneof(
  digits,
  fc
    .tuple(fc.constantFrom('+', '-', '00', ' ', ''), digits, fc.constantFrom('', ' ', '.0', '_0', '_', 'e2'))
    .map((parts) => parts.join('')),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    '',
    '1_000',
    '1__0',
    '.5',
    '5.',
    '1_0.5_0e-1_0',
    '0x10',
    'inf',
    '-Infinity',
    'nan',
    '1e',
    '.',
    'seven',
  ),
);
const bool = fc
  .tuple(fc.constantFrom('true', 'false', '1', '0', 'on', 'off', 'yes', 'no', '', 'y', 'maybe'), fc.nat(3))
  .map(([text, form]) =>
    form === 0 ? text.toUpperCase() : form === 1 ? text.charAt(0).toUpperCase() + text.slice(1) : text,
  );
const items = fc.array(fc.oneof(word, space, reference), { maxLength: 4 }).map((list) => list.join(','));

const value = fc.oneof(
  { arbitrary: fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')), weight: 5 },
  { arbitrary: fc.oneof(number, bool, items), weight: 3 },
);

/** Mostly values of the key's type. */
const assignment = fc.constantFrom(...KEYS, 'unknown_key', 'Text').chain((key) => {
  const own = /count|ratio/.test(key) ? number : key.includes('flag') ? bool : key === 'items' ? items : value;
  return fc
    .tuple(
      space,
      fc.constantFrom('=', ':'),
      space,
      fc.oneof({ arbitrary: quoted(own), weight: 6 }, { arbitrary: value, weight: 1 }),
      space,
    )
    .map(([before, sign, after, text, end]) => [`${key}${before}${sign}${after}${text}${end}`]);
});

const lines = (...texts: string[]) => fc.constantFrom(...texts).map((text) => [text]);

const step = fc.oneof(
  { arbitrary: assignment, weight: 30 },
  {
    arbitrary: fc
      .tuple(
        assignment,
        fc.tuple(fc.constantFrom(' ', '\t', '    '), value).map((parts) => parts.join('')),
      )
      .map(([first, more]) => [...first, more]),
    weight: 6,
  },
  { arbitrary: lines(...SECTIONS), weight: 6 },
  { arbitrary: lines(...OTHER_SECTIONS), weight: 1 },
  { arbitrary: lines('# a comment = 1', '; another', '#', '#text=1'), weight: 3 },
  { arbitrary: space.map((text) => [text]), weight: 4 },
);
/** Lines that are often errors. */
const rareStep = fc.oneof(lines(...BAD_LINES), lines('  continued', '\tcontinued', ' # a comment'));

const text = fc
  .tuple(
    fc.oneof({ arbitrary: lines('[DEFAULT]', '', '# first'), weight: 20 }, { arbitrary: lines('text = 1'), weight: 1 }),
    fc.array(fc.oneof({ arbitrary: step, weight: 150 }, { arbitrary: rareStep, weight: 1 }), { maxLength: 14 }),
    fc.constantFrom('\n', '\n', '\n', '\r\n', '\r'),
    fc.constantFrom('', '\n', '\n\n'),
  )
  // A first section, without which no option is allowed.
  .map(
    ([first, steps, newline, end]) =>
      [...first, ...(first[0] === '[DEFAULT]' ? [] : ['[DEFAULT]']), ...steps.flat()].join(newline) + end,
  );

const variables = LOOKED_UP.filter(({ type }) => type !== 'multi').map(
  ({ names: [[group, name] = ['', '']] }) => `OS_${group.toUpperCase()}__${name.toUpperCase()}`,
);
// The environment of a process cannot hold a zero.
const environment = fc.dictionary(
  fc.constantFrom(...variables),
  fc.oneof(number, bool, value).map((one) => one.replaceAll('\0', '')),
  { maxKeys: 2 },
);

/** Files, a folder and variables. */
export const arbitraryConfig: fc.Arbitrary<ConfigCase> = fc.record({
  files: fc
    .array(text, { minLength: 1, maxLength: 3 })
    .map((texts) => texts.map((one, index): [string, string] => [`${index}.conf`, one])),
  folder: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom(
        'a.conf',
        'B.conf',
        'ä.conf',
        '10.conf',
        '9.conf',
        '.hidden.conf',
        'x.cfg',
        '\uffee.conf',
        '😀.conf',
      ),
      text,
    ),
    {
      maxLength: 3,
      selector: ([name]) => name,
    },
  ),
  environment: fc.oneof({ arbitrary: fc.constant({}), weight: 3 }, { arbitrary: environment, weight: 1 }),
});

/** Values that oslo.messaging and this library allow for an option; others by its type. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  transport_url: fc.constantFrom(
    'rabbit://u:p%40@mq1:5672,u:p@mq2:5673/v',
    'rabbit://mq1/?ssl=0',
    'amqp://mq1,\n  mq2/',
  ),
  control_exchange: fc.constantFrom('tacker', '"a b"'),
  topics: fc.constantFrom('notifications', 'a, b ,c', 'a,', ''),
  driver: fc.constantFrom('messaging', 'messagingv2', 'log', 'test', 'noop'),
  routing_config: fc.constantFrom('/etc/routes.yaml', ''),
  retry: fc.integer({ min: -1, max: 5 }).map(String),
  ssl_version: fc.constantFrom('', 'TLSv1_2', 'sslv23'),
  kombu_compression: fc.constantFrom('', 'gzip'),
  kombu_failover_strategy: fc.constantFrom('round-robin', 'shuffle'),
  rabbit_login_method: fc.constantFrom('PLAIN', 'AMQPLAIN', 'EXTERNAL'),
  // The oldest release has no other range.
  rabbit_transient_queues_ttl: fc.integer({ min: 1, max: 100_000 }).map(String),
  hostname: fc.constantFrom('node1.example.com'),
  processname: fc.constantFrom('nova-api'),
  ssl_enforce_fips_mode: fc.constantFrom('false'),
};

const BY_TYPE: Readonly<Record<string, fc.Arbitrary<string>>> = {
  string: fc.constantFrom('/etc/ssl/ca.pem', '/ä.pem', ''),
  boolean: fc.constantFrom('true', 'False', '1', '0', 'ON', 'off', 'yes', 'No'),
  integer: fc.tuple(fc.constantFrom('', '+', '0'), fc.integer({ min: 1, max: 3000 })).map((parts) => parts.join('')),
  float: fc.constantFrom('0', '1', '0.25', '.5', '4.', '1e0', '1_0e-1'),
};

/** Files with any options of oslo.messaging, under any of their names, and other options between them. */
export function arbitraryFiles(
  options: readonly { group: string; name: string; type: string; former: readonly (readonly [string, string])[] }[],
): fc.Arbitrary<ConfigCase['files']> {
  const line = fc.constantFrom(...options).chain(({ group, name, type, former }) => {
    const own = VALUES[name] ?? BY_TYPE[type] ?? fc.constant('');
    const names = fc.constantFrom([group, name] as const, ...former);
    return fc
      .tuple(names, fc.constantFrom(' = ', ' : ', ' ='), own)
      .map(([[section, key], sign, one]) => `[${section}]\n${key}${sign}${one}`);
  });
  const other = fc.constantFrom(
    '# a comment',
    '',
    '[keystone_authtoken]\npassword = $$x',
    '[DEFAULT]\nstate_path = /var/lib',
  );
  const file = fc.array(fc.oneof({ arbitrary: line, weight: 5 }, { arbitrary: other, weight: 1 }), { maxLength: 30 });
  return fc
    .array(file, { minLength: 1, maxLength: 2 })
    .map((files) => files.map((lines, index) => [`${index}.conf`, `${lines.join('\n')}\n`]));
}
