import { describe, expect, it } from 'vitest';
import { readFields } from '../../../../../lib/drivers/rabbit/wire/field-table.js';
import { keepHeaders, MAX_KEPT_HEADER_BYTES } from '../../../../../lib/drivers/rabbit/wire/kept-headers.js';

const NONE: ReadonlySet<string> = new Set();

const field = (name: string, tag: string, value: Buffer) =>
  Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.from(tag), value]);

function long(value: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(value.length);
  return Buffer.concat([size, value]);
}

const text = (name: string, value: string) => field(name, 'S', long(Buffer.from(value)));
const nested = (tag: 'F' | 'A', levels: number): Buffer => {
  const inner = levels === 0 ? Buffer.from('tX').fill(1, 1) : nested(tag, levels - 1);
  const value = levels === 0 ? inner : Buffer.concat([Buffer.from(tag), long(inner)]);
  return tag === 'F' ? Buffer.concat([Buffer.of(1), Buffer.from('n'), value]) : value;
};

function kept(...fields: Buffer[]): Buffer | undefined {
  return keepHeaders(Buffer.concat(fields), NONE);
}

describe('the headers that a republished message keeps', () => {
  it.each([...'bBsuIilfdDTtV'])('have plain values as they are: %s', (tag) => {
    const size = { b: 1, B: 1, t: 1, s: 2, u: 2, I: 4, i: 4, f: 4, D: 5, V: 0 }[tag] ?? 8;
    const one = field('one', tag, Buffer.alloc(size, 7));
    expect(kept(one, text('two', 'x'))).toEqual(Buffer.concat([one, text('two', 'x')]));
  });

  it('have numbers in the types that every client reads', () => {
    const value = Buffer.alloc(8, 3);
    expect(kept(field('big', 'L', value))).toEqual(field('big', 'l', value));
    const table = (tag: string) => field('t', 'F', long(field('inner', tag, value.subarray(0, tag === 'L' ? 8 : 2))));
    expect(kept(table('L'))).toEqual(field('t', 'F', long(field('inner', 'l', value))));
    expect(kept(table('U'))).toEqual(field('t', 'F', long(field('inner', 's', value.subarray(0, 2)))));
  });

  it.each(['F', 'A'] as const)('have values nested to four levels, not deeper: %s', (tag) => {
    const shallow = field('n', tag, long(nested(tag, 3)));
    expect(kept(shallow)).toEqual(shallow);
    expect(kept(field('n', tag, long(nested(tag, 4))), text('next', 'x'))).toEqual(text('next', 'x'));
    expect(kept(field('n', tag, long(nested(tag, 2000))))).toBeUndefined();
  });

  it('exclude headers that the broker acts on, and headers that are replaced', () => {
    const table = [text('CC', 'q'), text('BCC', 'q'), text('__proto__', 'x'), text('mine', 'x'), text('theirs', 'y')];
    expect(keepHeaders(Buffer.concat(table), new Set(['mine']))).toEqual(text('theirs', 'y'));
  });

  it('are limited in size', () => {
    const large = text('large', 'x'.repeat(MAX_KEPT_HEADER_BYTES));
    const half = text('half', 'x'.repeat(MAX_KEPT_HEADER_BYTES / 2));
    expect(kept(large, half, half, text('small', 'x'))).toEqual(Buffer.concat([half, text('small', 'x')]));
  });

  it('end at a damaged field', () => {
    const good = text('good', 'x');
    expect(kept(good, field('unknown', '?', Buffer.alloc(4)), good)).toEqual(good);
    expect(kept(good, text('cut', 'xxxx').subarray(0, -1))).toEqual(good);
    expect(kept(good, field('t', 'F', long(field('inner', '?', Buffer.alloc(1)))))).toEqual(good);
    for (let end = 0; end < good.length; end++) expect(kept(good.subarray(0, end))).toBeUndefined();
    expect(readFields(kept(good, good.subarray(3)) ?? Buffer.alloc(0), 0, good.length, NONE).damage).toBeUndefined();
  });
});
