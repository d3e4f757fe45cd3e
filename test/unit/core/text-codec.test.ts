import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapedText, type TextBounds, unescapedText } from '../../../lib/core/text-codec.js';
import { TEXT_CODEC } from '../../../lib/core/text-codec-binary.js';

/** Pieces that the codec distinguishes, alone and in rows that cross its blocks of 16 bytes. */
const piece = fc.constantFrom(
  ...['"', '\\', '\\"', '{', '}[', ']', ',', 'a', 'words without any mark', '1234567', '9'.repeat(15), '7'.repeat(16)],
  ...['é', '\u{1f600}', '\n', '\u0001', ' ', '\\u0041'],
);
const words = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'medium' },
    words,
    fc.double({ noNaN: true }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(words, tie('value'), { maxKeys: 5 }),
  ),
}));

function escaped(text: string): Buffer {
  const found = escapedText(text);
  if (!found) return Buffer.from(JSON.stringify(text).slice(1, -1));
  const body = Buffer.alloc(found.size + 1);
  expect(found.write(body, 1)).toBe(body.length);
  return body.subarray(1);
}

const depthOf = (it: unknown): number =>
  typeof it === 'object' && it !== null ? 1 + Math.max(0, ...Object.values(it).map(depthOf)) : 0;
const valuesOf = (it: unknown): number =>
  typeof it === 'object' && it !== null ? Object.values(it).reduce((sum, one) => sum + valuesOf(one), 1) : 1;

function expectBounds({ values, depth, digits }: TextBounds, text: string): void {
  const parsed: unknown = JSON.parse(text);
  expect(values).toBeGreaterThanOrEqual(valuesOf(parsed));
  expect(depth).toBeGreaterThanOrEqual(depthOf(parsed));
  if (/\d{16}/.test(text)) expect(digits).toBe(true);
}

describe('the text within an envelope', () => {
  it('is escaped as JSON.stringify does, and read as JSON.parse does, with its bounds', () => {
    fc.assert(
      fc.property(value, (it) => {
        const text = JSON.stringify(it);
        const body = escaped(text);
        expect(`"${body}"`).toBe(JSON.stringify(text));
        const read = unescapedText(body);
        expect(read?.text).toBe(text);
        if (read) expectBounds(read.bounds, text);
      }),
      { numRuns: 500 },
    );
  });

  it('is left to JSON.stringify where most characters have three bytes', () => {
    expect(escapedText('日本語日本語"'.repeat(1000))).toBeUndefined();
    expect(escapedText('текст"'.repeat(1000))).toBeDefined();
  });

  it('has the same characters across chunks of the codec', () => {
    const units = ['{"a":"é', '\u{1f600}xyz', 'y', '"[],'];
    const texts = units.map((unit) => unit.repeat(1_500_000 / unit.length));
    // Rows of backslashes of many lengths, some without text between them.
    for (const unit of ['"', '\\', '\\"', '"\\,', 'a\nü\\', '\n', '\u0001{'])
      for (const start of ['', 'a', 'ab', 'abc']) texts.push(JSON.stringify([start + unit.repeat(20_000), '']));
    for (const text of texts) {
      const body = escaped(text);
      expect(body.equals(Buffer.from(JSON.stringify(text).slice(1, -1)))).toBe(true);
      expect(unescapedText(body)?.text === text).toBe(true);
    }
  });

  it('shows a long integer anywhere', () => {
    for (let before = 0; before < 40; before++) {
      for (const filler of ['a', '"']) {
        const text = `[${JSON.stringify(filler.repeat(before))},${'1234567890123456'},"${'b'.repeat(20)}"]`;
        expect(unescapedText(escaped(text))?.bounds.digits).toBe(true);
        expect(unescapedText(escaped(text.slice(0, text.indexOf('6,') + 1)))?.bounds.digits).toBe(true);
      }
    }
    const chunks = `[${'"abc",'.repeat(10_000)}1234567890123456]`;
    expect(unescapedText(escaped(chunks))?.bounds.digits).toBe(true);
  });

  it('has a depth that no bracket in a string hides', () => {
    const hidden = JSON.stringify([']]]]]"]]]]\\', '}'.repeat(100), [[[[[[['{']]]]]]]]);
    expect(unescapedText(escaped(hidden))?.bounds.depth).toBeGreaterThanOrEqual(8);
    const flat = JSON.stringify(Array.from({ length: 1000 }, () => ({ text: '[[[[{{{{', '{"': 1 })));
    expect(unescapedText(escaped(flat))?.bounds.depth).toBeLessThan(5);
  });

  it('is left to JSON.parse where a backslash is outside of its strings', () => {
    for (const text of [
      '[\\"[]\\"]',
      '["a"\\]',
      `[${'1,'.repeat(30)}\\]`,
      `${'1,'.repeat(30)}"\n"\\${'1,'.repeat(30)}`,
    ])
      for (const filler of ['', 'x'.repeat(40)]) expect(unescapedText(escaped(text + filler)), text).toBeUndefined();
  });

  it('is left to JSON.parse where it is no JSON string, or has other escapes', () => {
    const filler = 'x'.repeat(40);
    for (const bad of ['"', '\\', 'a\\n', '\\u0041', '\\/', 'a\nb', '\u0000', '\\\\\\', '\\"\\"\\'])
      for (const body of [
        bad,
        bad + filler,
        filler + bad,
        `${filler}\\"${bad}`,
        `${filler}\\\\${bad}`.padEnd(70, 'y'),
      ]) {
        const isTail = bad.endsWith('\\') && !body.endsWith(bad);
        // A backslash before other text is another escape sequence.
        if (isTail && /\\[\\"]/.test(body.slice(body.indexOf(bad) + bad.length - 1))) continue;
        expect(unescapedText(Buffer.from(body)), JSON.stringify(body)).toBeUndefined();
      }
    expect(unescapedText(Buffer.from([0x61, 0xff, 0x62]))).toBeUndefined();
  });

  it('is coded by the assembled source', async () => {
    const script = new URL('../../../scripts/text-codec.mjs', import.meta.url).href;
    const { assemble } = (await import(script)) as { assemble(): Promise<string> };
    expect(TEXT_CODEC).toBe(await assemble());
  });
});
