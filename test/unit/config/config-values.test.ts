import { describe, expect, it } from 'vitest';
import {
  type ConfigOption,
  ConfigValues,
  type Environment,
  type References,
} from '../../../lib/config/config-values.js';
import { parseIni } from '../../../lib/config/ini-parser.js';
import type { ValueType } from '../../../lib/config/value-types.js';
import { ConfigurationError } from '../../../lib/core/errors.js';

const option = (name: string, type: ValueType = 'string', group = 'DEFAULT'): ConfigOption => ({
  names: [[group, name]],
  type,
});

function valuesOf(files: readonly string[], environment: Environment = {}, references?: References): ConfigValues {
  const sources = files.map((text, index) => ({ path: `${index}.conf`, entries: parseIni(text, `${index}.conf`) }));
  return new ConfigValues(sources, environment, references);
}

const read = (text: string, name = 'a', environment: Environment = {}, references?: References) =>
  valuesOf([`[DEFAULT]\n${text}`], environment, references).read(option(name))?.value;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  return expect.fail('was accepted');
}

describe('ConfigValues', () => {
  describe('precedence', () => {
    it('is that of the last file, and of the last line in it', () => {
      const files = ['[DEFAULT]\na = 1\nb = 1', '[DEFAULT]\na = 2\n[x]\na = 4\n[DEFAULT]\na = 3'];
      expect(valuesOf(files).read(option('a'))?.value).toBe('3');
      expect(valuesOf(files).read(option('b'))?.value).toBe('1');
      expect(valuesOf(files).read(option('c'))).toBeUndefined();
    });

    it('reads no earlier value, which may be wrong', () => {
      expect(valuesOf(['[DEFAULT]\na = x', '[DEFAULT]\na = 2']).read(option('a', 'integer'))?.value).toBe(2);
    });

    it('prefers the current name in one file, and a former one in a later file', () => {
      const both: ConfigOption = {
        names: [
          ['g', 'new'],
          ['DEFAULT', 'old'],
        ],
        type: 'string',
      };
      const current = '[g]\nnew = current';
      const former = '[DEFAULT]\nold = former';
      expect(valuesOf([`${former}\n${current}`]).read(both)?.value).toBe('current');
      expect(valuesOf([`${current}\n${former}`]).read(both)?.value).toBe('current');
      expect(valuesOf([current, former]).read(both)?.value).toBe('former');
      expect(valuesOf([former]).read(both)?.texts[0]).toMatchObject({ name: ['DEFAULT', 'old'], place: '0.conf:2' });
    });

    it('has the lines of all files for an option of several values, those of former names first', () => {
      const many: ConfigOption = {
        names: [
          ['g', 'new'],
          ['DEFAULT', 'old'],
        ],
        type: 'multi',
      };
      const files = ['[g]\nnew = 1\nnew = 2\n[DEFAULT]\nold = 3', '[g]\nnew = 4'];
      expect(valuesOf(files).read(many)?.value).toEqual(['3', '1', '2', '4']);
    });

    it('ignores the case of sections, but for DEFAULT', () => {
      const files = ['[OSLO_messaging_RABBIT]\na = 1\n[default]\na = 2'];
      expect(valuesOf(files).read(option('a', 'string', 'oslo_messaging_rabbit'))?.value).toBe('1');
      expect(valuesOf(files).read(option('a'))).toBeUndefined();
    });

    it('has the environment before the files, as it is written there', () => {
      expect(read('a = 1', 'a', { OS_DEFAULT__A: ' "2" ' })).toBe(' "2" ');
      expect(read('a = 1', 'a', { OS_DEFAULT__A: '' })).toBe('');
      expect(valuesOf([], { OS_G__A: '7' }).read(option('a', 'integer', 'g'))?.value).toBe(7);
    });

    it('refuses several values from the environment, which Python would spell out', () => {
      const message = refusal(() => valuesOf([], { OS_DEFAULT__A: 'log' }).read(option('a', 'multi')));
      expect(message).toMatch(/^environment variable OS_DEFAULT__A: \[DEFAULT\] a: .*each letter/);
    });
  });

  describe('types', () => {
    it.each<[ValueType, string, unknown]>([
      ['boolean', 'YES', true],
      ['boolean', '0', false],
      ['integer', '1_000', 1000],
      ['integer', ' -007 ', -7],
      ['integer', '', null],
      ['float', '.5e1', 5],
      ['float', '-INF', Number.NEGATIVE_INFINITY],
      ['list', 'a, b ,,c,', ['a', 'b', '', 'c']],
      ['list', ' , ', []],
      ['string', ' x ', ' x '],
    ])('read %s from %j', (type, text, value) => {
      expect(valuesOf([], { OS_DEFAULT__A: text }).read(option('a', type))?.value).toEqual(value);
    });

    it.each<[ValueType, string, string]>([
      ['boolean', 'maybe', 'true or false'],
      ['boolean', '', 'true or false'],
      ['integer', '1.0', 'an integer'],
      ['integer', '1__0', 'an integer'],
      ['integer', '0x10', 'an integer'],
      ['float', '1,5', 'a number'],
    ])('refuse %s from %j', (type, text, expected) => {
      const message = refusal(() => valuesOf([`[DEFAULT]\n# x\na = "${text}"`]).read(option('a', type)));
      expect(message).toMatch(
        new RegExp(
          `^0\\.conf:3: \\[DEFAULT\\] a: expected ${expected}.*; got ${JSON.stringify(text).replace('.', '\\.')}$`,
        ),
      );
    });
  });

  describe('substitution', () => {
    it.each([
      ['$x', '7'],
      ['<${x}>', '<7>'],
      ['${x}y $x-y', '7y 7-y'],
      ['$$x \\$x', '$x $x'],
      ['$5 $ ${ ${} $-', '$5 $ ${ ${} $-'],
      ['${g.z}', '8'],
      ['%(x)s', '%(x)s'],
    ])('of %j is %j', (text, expected) => {
      expect(valuesOf([`[DEFAULT]\nx = 7\na = ${text}\n[g]\nz = 8`]).read(option('a'))?.value).toBe(expected);
    });

    it('looks in the own group first, then in DEFAULT', () => {
      const values = valuesOf(['[DEFAULT]\nx = 1\ny = 2\n[g]\na = $x$y\nx = 3']);
      expect(values.read(option('a', 'string', 'g'))?.value).toBe('32');
    });

    it('applies to values that are named, to the environment and to lists', () => {
      expect(read('a = $b\nb = <$c>\nc = 1')).toBe('<1>');
      expect(read('b = 1', 'a', { OS_DEFAULT__A: '$b' })).toBe('1');
      expect(read('a = $b', 'a', { OS_DEFAULT__B: '2' })).toBe('2');
      expect(valuesOf(['[DEFAULT]\na = $b,c\nb = 1,2']).read(option('a', 'list'))?.value).toEqual(['1', '2', 'c']);
    });

    it('prefers a given value, reads former names, and falls back to a default', () => {
      const known: ConfigOption[] = [
        {
          names: [
            ['DEFAULT', 'new'],
            ['DEFAULT', 'old'],
          ],
          type: 'string',
        },
      ];
      expect(read('a = $new\nold = 1', 'a', {}, { known })).toBe('1');
      expect(read('a = $new\nnew = 1', 'a', {}, { given: () => 'given' })).toBe('given');
      expect(read('a = $new', 'a', {}, { fallback: () => 'default' })).toBe('default');
    });

    it.each([
      ['an unknown name', 'a = b$nothing', /^0\.conf:2: \[DEFAULT\] a: \$nothing names no option .*\$\$/],
      ['a name with a dot behind it', 'a = $x.\nx = 1', /\$x\. names no option/],
      ['an unknown group', 'a = ${g.x}', /\$g\.x names no option/],
      ['the group DEFAULT', 'a = ${DEFAULT.x}\nx = 1', /\$DEFAULT\.x names no option/],
      ['a circle', 'a = $b\nb = $c\nc = $a', /leads back to it/],
      ['an option that names itself', 'a = $a', /leads back to it/],
      ['growth', `a = ${'$b'.repeat(1000)}\nb = ${'x'.repeat(1000)}`, /longer than 65536 characters/],
    ])('refuses %s', (_what, text, message) => {
      expect(refusal(() => read(text))).toMatch(message);
    });

    it('shows no secret in its errors', () => {
      const secret: ConfigOption = { names: [['DEFAULT', 'url']], type: 'integer', isSecret: true };
      const messages = [
        refusal(() => valuesOf(['[DEFAULT]\nurl = rabbit://u:pa$s3cret@h']).read(secret)),
        refusal(() => valuesOf(['[DEFAULT]\nurl = s3cret']).read(secret)),
        refusal(() => read('a = $db_password\ndb_password = x$s3cret')),
        refusal(() => valuesOf(['[DEFAULT]\na = $other\nother = s3cret']).read(option('a', 'integer'))),
        refusal(() => valuesOf(['[DEFAULT]\na = amqp://u:s3cret@h']).read(option('a', 'integer'))),
      ];
      for (const message of messages) expect(message).not.toContain('s3cret');
    });
  });
});
