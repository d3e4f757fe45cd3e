import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readData, readValue } from '../../../lib/cli/input/read-data.js';
import { readStandardInput } from '../../../lib/cli/input/read-source.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'input-data-'));
  writeFileSync(join(folder, 'object.json'), '\uFEFF{"a": 1, "b": [true]}\n');
  writeFileSync(join(folder, 'list.json'), '[1]');
  writeFileSync(join(folder, 'broken.json'), '{"token": s3cret}');
  writeFileSync(join(folder, 'text.txt'), 'line 1\nline 2\n');
  writeFileSync(join(folder, 'latin1.txt'), Buffer.from([0x61, 0xe9]));
});

afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

const readerOf = (input: Readable) => ({ input, note: () => undefined });

/** Standard input that is at its end. */
const nothing = readerOf(Readable.from([]));

describe('readData', () => {
  it.each<[string, string[], object]>([
    ['an empty object without words', [], {}],
    ['a whole object', ['{"a": {"b": 1}}'], { a: { b: 1 } }],
    ['text', ['name=web 01', 'empty=', 'url=http://h/?a=b'], { name: 'web 01', empty: '', url: 'http://h/?a=b' }],
    ['JSON', ['n=-3', 'f=1.5', 'yes=true', 'no=null', 'l=["a"]'], { n: -3, f: 1.5, yes: true, no: null, l: ['a'] }],
    ['digits as text, in quotes of JSON', ['id="12"'], { id: '12' }],
    ['words that are no JSON', ['id=012', 'n=NaN', 'v=1.2.3'], { id: '012', n: 'NaN', v: '1.2.3' }],
    ['integers of any size', ['n=1152921504606846976'], { n: 1152921504606846976n }],
    ['JSON after :=', ['n:=3', 'o:={"x":1}'], { n: 3, o: { x: 1 } }],
    ['an object, and members that win', ['{"a": 1, "b": 2}', 'b=3', 'c=4'], { a: 1, b: 3, c: 4 }],
  ])('reads %s', async (_what, words, data) => {
    expect(await readData(words, 'ARGUMENTS', nothing)).toEqual(data);
  });

  it('reads files: a whole object, the text or the JSON of a member', async () => {
    expect(await readData([`@${file('object.json')}`], 'ARGUMENTS', nothing)).toEqual({ a: 1, b: [true] });
    expect(
      await readData(
        [`@${file('object.json')}`, `t=@${file('text.txt')}`, `j:=@${file('list.json')}`, 'a=2'],
        'ARGUMENTS',
        nothing,
      ),
    ).toEqual({ a: 2, b: [true], t: 'line 1\nline 2\n', j: [1] });
  });

  it('reads standard input', async () => {
    const input = readerOf(Readable.from([Buffer.from('{"a":'), Buffer.from('1}')]));
    expect(await readData(['-', 'b=2'], 'ARGUMENTS', input)).toEqual({ a: 1, b: 2 });
  });

  it('keeps __proto__ as an ordinary member', async () => {
    const data = await readData(['__proto__={"a":1}'], 'ARGUMENTS', nothing);
    expect(Object.keys(data)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });

  it.each<[string, string[], RegExp]>([
    ['a word without "="', ['s3cret'], /^ARGUMENTS: expected key=value, key:=json, a JSON object .*, @file, or -/],
    ['an empty name', ['=s3cret'], /^ARGUMENTS: expected a name before the "="$/],
    ['a second object', ['{}', '{"s3cret": 1}'], /^ARGUMENTS, word 2: expected key=value; only the first/],
    ['an object after a member', ['a=1', '{}'], /^ARGUMENTS, word 2: expected key=value/],
    ['a member twice', ['a=1', 'a=s3cret'], /^ARGUMENTS, word 2: "a" is given twice$/],
    ['a list before members', ['[1]', 'a=1'], /^ARGUMENTS, word 1: expected a JSON object, since members follow/],
    ['a list', ['[1]'], /^ARGUMENTS: expected a JSON object/],
    ['a number', ['3'], /^ARGUMENTS: expected a JSON object/],
    ['broken JSON after :=', ['a:=s3cret'], /^ARGUMENTS, member "a": expected JSON: /],
    ['a value that only begins as JSON', ['a={s3cret'], /^ARGUMENTS, member "a": begins as JSON does, but is none/],
    ['a missing file', ['@/no/such'], /^ARGUMENTS: \/no\/such: no such file$/],
    ['a missing file of a member', ['a=@/no/such'], /^ARGUMENTS, member "a": \/no\/such: no such file$/],
    ['no file', ['@'], /^ARGUMENTS: expected the name of a file after the "@"$/],
    ['a folder', ['@/tmp'], /^ARGUMENTS: \/tmp is a folder; give a file$/],
  ])('refuses %s', async (_what, words, message) => {
    const refused = await readData(words, 'ARGUMENTS', nothing).catch((error: Error) => error);
    expect(refused).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) });
    expect((refused as Error).message).not.toContain('s3cret');
  });

  it('refuses a file that is no JSON, without quoting it, and one that is no UTF-8', async () => {
    const broken = await readData([`@${file('broken.json')}`], '--context', nothing).catch(
      (error: Error) => error.message,
    );
    expect(broken).toMatch(/^--context: .*broken\.json: expected JSON: /);
    expect(broken).not.toContain('s3cret');
    await expect(readData([`a=@${file('latin1.txt')}`], 'ARGUMENTS', nothing)).rejects.toThrow(
      /latin1\.txt is not UTF-8$/,
    );
  });
});

describe('readValue', () => {
  it('reads any JSON value from one word', async () => {
    expect(await readValue(['[1, "a"]'], 'PAYLOAD', nothing)).toEqual([1, 'a']);
    expect(await readValue(['"text"'], 'PAYLOAD', nothing)).toBe('text');
    expect(await readValue(['a=1'], 'PAYLOAD', nothing)).toEqual({ a: 1 });
  });
});

describe('readStandardInput', () => {
  it('refuses to read it a second time', async () => {
    const input = readerOf(Readable.from([Buffer.from('{}')]));
    expect(await readStandardInput('ARGUMENTS', input)).toBe('{}');
    await expect(readStandardInput('--context', input)).rejects.toThrow(
      '--context: standard input was read before; give - only once',
    );
  });

  it('refuses more than 64 MiB', async () => {
    const chunk = Buffer.alloc(2 ** 24);
    const endless = Readable.from(
      (function* () {
        for (;;) yield chunk;
      })(),
    );
    await expect(readStandardInput('ARGUMENTS', readerOf(endless))).rejects.toThrow(
      'ARGUMENTS: standard input is larger than 64 MiB',
    );
    expect(endless.destroyed).toBe(true);
  });
});
