import { describe, expect, it } from 'vitest';
import { SecretValues } from '../../../lib/core/secret-values.js';
import { excerptOf, excerptOfText } from '../../../lib/inspect/tap/excerpt.js';

const NONE = new SecretValues({});

describe('excerptOf', () => {
  it('keeps small values as they are', () => {
    const value = { a: [1, true, null, 2n], b: { c: 'text' } };
    expect(excerptOf(value, NONE, 100)).toEqual(value);
  });

  it('cuts texts, lists and objects, and marks it', () => {
    const value = { text: 'x'.repeat(1000), list: [1, 2] };
    expect(excerptOf(value, NONE, 20)).toEqual({ text: `${'x'.repeat(16)}…`, '…': 'more' });
    const list = Array.from({ length: 100_000 }, (_, index) => index);
    const cut = excerptOf(list, NONE, 50) as unknown[];
    expect(cut.length).toBeLessThan(60);
    expect(cut.at(-1)).toMatch(/^… 999\d\d more$/);
  });

  it('cuts deep values', () => {
    let value: unknown = 'bottom';
    for (let level = 0; level < 100; level++) value = { value };
    expect(JSON.stringify(excerptOf(value, NONE, 1000))).not.toContain('bottom');
  });

  it('masks values under names of secrets, and the same values elsewhere', () => {
    const value = {
      token: 'abcdefgh-1234',
      note: 'it is abcdefgh-1234',
      tokens: { 'zyxwvuts-9876': 1 },
      key: 'zyxwvuts-9876',
    };
    const secrets = new SecretValues(value, true);
    const text = JSON.stringify(excerptOf(value, secrets, 200));
    expect(text).not.toMatch(/abcdefgh|zyxwvuts/);
    expect(text).toContain('it is ***');
  });

  it('masks secrets that are cut', () => {
    const text = `{"auth_token": "${'s3cr3t'.repeat(100)}"}`;
    expect(excerptOfText(text, NONE, 60)).not.toContain('s3cr3t');
    const long = `${'x'.repeat(8000)} {"auth_token": "${'s3cr3t'.repeat(1000)}"}`;
    expect(excerptOfText(long, NONE, 9000)).toBe(`(${long.length} characters, which name a secret)`);
  });

  it('shows one line, without control characters', () => {
    expect(excerptOfText('a\nb\u001b[2Jc', NONE, 100)).toBe('a b [2Jc');
  });
});
