import fc from 'fast-check';
import { bool, dict, list, NULL, number, string, type Tree } from './json-tree.js';

const HOSTILE_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '',
  '0',
  '10',
  '2',
  'self',
  '$1',
];

/** Any UTF-16, lone surrogates and control characters included. */
export const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map(fromUnits) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\u2028\u2029',
      '\ufeff',
      'a\u0000b',
      '\ud83d',
      '\ude00\ud83d',
      'NaN',
      '123456789012345678901',
      '\\"',
      '\u007f',
    ),
  },
);

function fromUnits(units: number[]): string {
  return String.fromCharCode(...units);
}

export const key = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_KEYS) });

const digits = (from: number, to: number) =>
  fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.constantFrom(...'123456789'),
      fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: from - 1, maxLength: to - 1 }),
    )
    .map((parts) => parts.join(''));

/** Numbers by their digits: integers of every size, floats of every spelling, and what JSON does not have. */
export const numberText = fc.oneof(
  { weight: 4, arbitrary: fc.integer().map(String) },
  { weight: 3, arbitrary: fc.maxSafeInteger().map(String) },
  { weight: 3, arbitrary: digits(15, 40) },
  { weight: 1, arbitrary: digits(300, 400) },
  {
    weight: 4,
    arbitrary: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map(String)
      .filter((one) => /[.e]/.test(one)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(digits(1, 25), digits(1, 25), fc.constantFrom('', 'e5', 'E-7', 'e+22', 'e300'))
      .map(([whole, part, exponent]) => `${whole}.${part.replace('-', '')}${exponent}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '0',
      '-0',
      '0.0',
      '-0.0',
      '1.0',
      '1e22',
      '1E400',
      '-1e400',
      '9007199254740991',
      '9007199254740992',
      '-9007199254740993',
      '5e-324',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('NaN', 'Infinity', '-Infinity') },
);

const leaf: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(NULL) },
  { weight: 1, arbitrary: fc.boolean().map(bool) },
  { weight: 4, arbitrary: numberText.map(number) },
  { weight: 4, arbitrary: text.map(string) },
);

/** Any JSON value of moderate size. */
export const value: fc.Arbitrary<Tree> = fc.letrec<{ value: Tree }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }).map(list) },
    { weight: 1, arbitrary: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(dict) },
  ),
})).value;

/** Keys that are all different, e.g. keyword arguments or a context. */
export function dictOf(
  keys: fc.Arbitrary<string>,
  values: fc.Arbitrary<Tree>,
  maxLength = 5,
): fc.Arbitrary<[string, Tree][]> {
  return fc.uniqueArray(fc.tuple(keys, values), { maxLength, selector: ([name]) => name });
}

/** A value nested so deep, lists and objects mixed. */
export function nested(levels: fc.Arbitrary<number>): fc.Arbitrary<Tree> {
  return fc.tuple(levels, leaf, fc.boolean()).map(([count, innermost, lists]) => {
    let tree = innermost;
    for (let level = 0; level < count; level++) {
      tree = lists || level % 2 === 0 ? list([tree]) : dict([['k', tree]]);
    }
    return tree;
  });
}

/** A long text, which repeats a piece of any kind. */
export function longText(from: number, to: number): fc.Arbitrary<Tree> {
  return fc
    .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }), fc.integer({ min: from, max: to }))
    .map(([piece, length]) => string(piece.repeat(Math.ceil(length / piece.length))));
}
