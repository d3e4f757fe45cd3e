import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldEnd, readFields } from '../../../../../lib/drivers/rabbit/wire/field-table.js';

/** Types of fixed size with the value that they read from bytes of 0xff; `bytes` for those that are not converted. */
const FIXED: [tag: string, size: number, value: unknown][] = [
  ['t', 1, 'bytes'],
  ['b', 1, -1],
  ['B', 1, 255],
  ['s', 2, -1],
  ['U', 2, -1],
  ['u', 2, 65_535],
  ['I', 4, -1],
  ['i', 4, 2 ** 32 - 1],
  ['f', 4, 'bytes'],
  ['D', 5, 'bytes'],
  ['L', 8, -1],
  ['l', 8, -1],
  ['d', 8, 'bytes'],
  ['T', 8, 'bytes'],
  ['V', 0, undefined],
];

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

function field(name: string, tag: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from(tag), value]);
}

/** Reads `x` and `y` from a table that stands between other bytes. */
function read(...fields: Buffer[]) {
  const table = Buffer.concat(fields);
  const bytes = Buffer.concat([Buffer.alloc(3, 1), table, Buffer.from('x')]);
  const { headers, damage } = readFields(bytes, 3, 3 + table.length, new Set(['x', 'y']));
  return { headers: Object.fromEntries(headers), damage };
}

const text = (value: string) => sized(Buffer.from(value));
const after = field('y', 'S', text('after'));

describe('a field table', () => {
  it.each(FIXED)('has the value of a field of type %s', (tag, size, value) => {
    const bytes = Buffer.alloc(size, 0xff);
    const x = value === 'bytes' ? bytes : value;
    expect(read(field('x', tag, bytes), after)).toEqual({ headers: { x, y: 'after' }, damage: undefined });
  });

  it.each<[string, unknown]>([
    ['S', 'ä\0b'],
    ['x', Buffer.from('ä\0b')],
    ['A', Buffer.from('ä\0b')],
    ['F', Buffer.from('ä\0b')],
  ])('has the value of a field of type %s with a length', (tag, value) => {
    const x = typeof value === 'string' ? value : text('ä\0b');
    expect(read(field('x', tag, text('ä\0b')), after)).toEqual({ headers: { x, y: 'after' }, damage: undefined });
  });

  it('has the wanted fields only, and the last of two equal names', () => {
    const fields = [
      field('other', 'B', Buffer.from([1])),
      field('x', 'B', Buffer.from([2])),
      field('x', 'B', Buffer.from([3])),
    ];
    expect(read(...fields, field('', 'V', Buffer.alloc(0)))).toEqual({ headers: { x: 3 }, damage: undefined });
  });

  it('may be empty', () => {
    expect(read()).toEqual({ headers: {}, damage: undefined });
  });

  it.each<[string, Buffer, RegExp]>([
    ['an unknown type', field('x', 'Z', Buffer.alloc(9)), /unknown type 0x5a/],
    ['a type of another language', field('x', '_', Buffer.alloc(9)), /unknown type 0x5f/],
    ['a name beyond the end', Buffer.from([9, 120]), /cut off/],
    ['no type', Buffer.from([1, 120]), /cut off/],
    ['no value', field('x', 'L', Buffer.alloc(7)), /cut off/],
    ['no length', field('x', 'S', Buffer.alloc(3)), /cut off/],
    ['a length beyond the end', field('x', 'S', text('abc').subarray(0, -1)), /cut off/],
    ['the largest length', field('x', 'F', Buffer.alloc(4, 0xff)), /cut off/],
  ])('ends at a field with %s', (_name, damaged, damage) => {
    expect(read(after, damaged)).toEqual({ headers: { y: 'after' }, damage: expect.stringMatching(damage) });
  });

  it('never throws, and ends no field before its beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const { headers } = readFields(Buffer.from(bytes), 0, bytes.length, new Set(['', 'x', 'S']));
        expect(headers.size).toBeLessThanOrEqual(3);
        const end = fieldEnd(Buffer.from(bytes), 0, bytes.length);
        expect(Number.isNaN(end) || end > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('has every field that was written, behind fields of any type', () => {
    const value = fc
      .constantFrom(...FIXED)
      .chain(([tag, size]) =>
        fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => field('other', tag, Buffer.from(bytes))),
      );
    const variable = fc
      .tuple(fc.constantFrom('S', 'x', 'A', 'F'), fc.uint8Array({ maxLength: 40 }))
      .map(([tag, bytes]) => field('other', tag, sized(Buffer.from(bytes))));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(value, variable), { maxLength: 8 }),
        fc.string({ unit: 'grapheme' }),
        (others, y) => {
          expect(read(...others, field('y', 'S', text(y)))).toEqual({ headers: { y }, damage: undefined });
        },
      ),
    );
  });
});
