import { spawnSync } from 'node:child_process';
import { ConfigurationError, NotificationFilter } from 'nestjs-oslo-messaging';
import { describe, expect, it } from 'vitest';
import { PYTHON } from '../../../testkit/prerequisites.js';

const matches = (eventType: string, text: string) =>
  new NotificationFilter({ eventType }).match({
    context: {},
    publisherId: '',
    eventType: text,
    metadata: {},
    payload: {},
  });

const PATTERNS = [
  ...['\\Acompute\\Z', 'a{,2}b', 'a{2,}', 'a{1,2}?', 'x{a}', '{', '}', ']', 'a}', '(?P<n>a|b)(?P=n)', '(a)\\1'],
  ...['(?i)ABC', '(?i)ä', '(?a)\\d+$', '(?u)a', '(?s)a.c', '(?m)^a$', 'a.c', '^b', 'a$', '\\d+', '\\w+$', '\\W', '\\s'],
  ...['\\S+', '\\D', '[]a]+', '[^]a]', '[a-z-]+', '[\\w.]+', '[\\d-]x', '[&&]', '[a||b]', '[\\]]', '[-a]', '[a\\-z]'],
  ...['\\bfoo\\b', '\\Bo', '(?#x)a', '(?:a)(?=b)', 'a(?!b)', '(?<=a)b', '(?<!a)b', '\\x41', '\\u00e4', '\\101', '\\t'],
  ...['a-b', 'a\\-b', '\\.', 'a/b', '(a|b)*', '.*', 'a+?', 'a??', 'compute\\..*', '^compute.*', '\\U0001F600'],
];
const TEXTS = [
  ...['', 'a', 'b', 'ab', 'aab', 'aaab', 'aa', 'bb', 'abc', 'ABC', 'a\nc', 'a\n', 'b\na', 'a\r', '12', '١٢', 'ä', 'Ä'],
  ...['_', '-', ']', ']a', 'foo', 'foo bar', 'fooo', 'oo', 'A', 'x{a}', 'a-b', 'a/b', '.', '{', '}', 'compute', '1x'],
  ...['compute\n', 'compute.host', ' ', '\u00a0', '\u001c', '\t', '😀', '-x', '&', '|', '²', 'a}', 'ac', '\ufeff'],
];
const SCRIPT = `
import json, re, sys
patterns, texts = json.load(sys.stdin)
print(json.dumps([[bool(re.match(pattern, text)) for text in texts] for pattern in patterns]))
`;

describe('a filter’s text', () => {
  it('matches like re.match of Python', () => {
    const input = JSON.stringify([PATTERNS, TEXTS]);
    const { stdout } = spawnSync(PYTHON, ['-c', SCRIPT], { input, encoding: 'utf8' });
    const expected = JSON.parse(stdout) as boolean[][];
    for (const [index, pattern] of PATTERNS.entries()) {
      const matched = TEXTS.filter((text) => matches(pattern, text));
      expect([pattern, matched]).toEqual([pattern, TEXTS.filter((_, at) => expected[index]?.[at])]);
    }
  });

  it.each([
    ['(?x)a b', /the flag "x"/],
    ['(?i:a)', /"\(\?i:a"/],
    ['(a)?(?(1)b|c)', /"\(\?\(1"/],
    ['a*+', /possessive quantifier "\*\+"/],
    ['(?>a)', /"\(\?>a"/],
    ['[\\S]', /"\\S" within/],
    ['\\q', /"\\q"/],
    ['[a', /"\[" without/],
    ['a\\', /backslash at its end/],
    ['(?P=', /without its "\)"/],
  ])('is refused without a counterpart: %s', (pattern, why) => {
    const make = () => new NotificationFilter({ payload: { state: pattern } });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(why);
    expect(make).toThrow(/^NotificationFilter\.payload\.state: /);
  });
});
