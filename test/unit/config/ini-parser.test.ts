import { describe, expect, it } from 'vitest';
import { parseIni } from '../../../lib/config/ini-parser.js';
import { ConfigurationError } from '../../../lib/core/errors.js';

const parse = (...lines: string[]) => parseIni(lines.join('\n'), 'tacker.conf');
const values = (...lines: string[]) => parse('[DEFAULT]', ...lines).map(({ key, value }) => [key, value]);

describe('parseIni', () => {
  it('returns each option with its section and line', () => {
    expect(parse('# first', '[DEFAULT]', 'a = 1', '', '[other]', 'a: 2', '[DEFAULT]', 'a = 3')).toEqual([
      { section: 'DEFAULT', key: 'a', value: '1', line: 3 },
      { section: 'other', key: 'a', value: '2', line: 6 },
      { section: 'DEFAULT', key: 'a', value: '3', line: 8 },
    ]);
  });

  it.each([
    [
      'by the first sign of both',
      ['a = b:c', 'd: e=f'],
      [
        ['a', 'b:c'],
        ['d', 'e=f'],
      ],
    ],
    [
      'keeps an empty value',
      ['a =', 'b:'],
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    [
      'strips the white space of Python',
      ['a\u3000=\u00a01\u001c ', 'b = \ufeff'],
      [
        ['a', '1'],
        ['b', '\ufeff'],
      ],
    ],
    [
      'removes one pair of quotes',
      ['a = "x"', "b = ' x '", 'c = "x\'', 'd = "', 'e = ""x""'],
      [
        ['a', 'x'],
        ['b', ' x '],
        ['c', '"x\''],
        ['d', ''],
        ['e', '"x"'],
      ],
    ],
    [
      'takes a sign behind a value for a part of it',
      ['a = 1 # one', 'b = 2;3'],
      [
        ['a', '1 # one'],
        ['b', '2;3'],
      ],
    ],
    ['has no %(…) of other formats', ['a = %(b)s %%'], [['a', '%(b)s %%']]],
    [
      'joins the lines of a long value',
      ['a = 1', '  2', '\t3', '    # 4', 'b = 5'],
      [
        ['a', '1\n2\n3\n# 4'],
        ['b', '5'],
      ],
    ],
    [
      'ends a long value at a blank line',
      ['a = 1', '   ', 'b = 2'],
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'takes other white space at the beginning for no continuation',
      ['a = 1', '\u00a0b = 2'],
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
  ])('%s', (_what, lines, expected) => {
    expect(values(...lines)).toEqual(expected);
  });

  it('keeps the spelling of sections', () => {
    expect(parse('[Größe x]', 'a = 1', '[a]b]', 'a = 2').map(({ section }) => section)).toEqual(['Größe x', 'a]b']);
  });

  it.each(['\n', '\r\n', '\r'])('counts lines that end with %j', (newline) => {
    const text = ['[DEFAULT]', 'a = 1', '', 'b = 2', ''].join(newline);
    expect(parseIni(text, 'x').map(({ key, line }) => [key, line])).toEqual([
      ['a', 2],
      ['b', 4],
    ]);
  });

  it.each([
    ['an option before a section', ['a = s3cret'], 1, 'before the first section'],
    ['a section without an end', ['', '[DEFAULT'], 2, 'must end with ]'],
    ['a comment behind a section', ['[DEFAULT] # s3cret'], 1, 'not even a comment'],
    ['a section without a name', ['[]'], 1, 'is empty'],
    ['a line without a sign', ['[DEFAULT]', 's3cret'], 2, 'name = value'],
    ['an option without a name', ['[DEFAULT]', ' ', '= s3cret'], 3, 'the name of the option is empty'],
    ['a continuation of nothing', ['[DEFAULT]', '  s3cret = 1'], 2, 'continues no value'],
    ['a continuation of a comment', ['[DEFAULT]', 'a = 1', '# b', '  s3cret'], 4, 'continues no value'],
    ['a byte order mark', ['\ufeff[DEFAULT]', 'a = s3cret'], 1, 'byte order mark'],
  ])('refuses %s, with file and line, and without its text', (_what, lines, line, problem) => {
    let thrown: unknown;
    try {
      parse(...lines);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigurationError);
    const { message } = thrown as Error;
    expect(message.startsWith(`tacker.conf:${line}: `), message).toBe(true);
    expect(message).toContain(problem);
    expect(message).not.toContain('s3cret');
  });

  it('needs little time for long runs of spaces', () => {
    const start = performance.now();
    expect(values(`a = ${' '.repeat(500_000)}b${' '.repeat(500_000)}`)).toEqual([['a', 'b']]);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
