import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dict } from '../../../../lib/core/dict.js';
import { decodeEnvelope, encodeMessage } from '../../../../lib/core/envelope.js';
import { ClientSendError, InvalidMessage } from '../../../../lib/core/errors.js';
import { PassedMessage } from '../../../../lib/drivers/memory/passed-message.js';

const limits = { bodyBytes: 2000, depth: 5 };

/** Returns the value or the error of a function, in a form that can be compared. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    return { error: (error as Error).constructor.name };
  }
}

const throughText = (message: Dict) => outcome(() => decodeEnvelope(encodeMessage(message, limits, false), limits));

class Point {
  constructor(readonly x = 1) {}
}

class Secret {
  toJSON(): string {
    return 'hidden';
  }
}

const odd: Record<string, unknown> = {
  undefined: undefined,
  function: () => 1,
  symbol: Symbol('s'),
  'an array of what JSON lacks': [undefined, () => 1, Symbol('s'), Number.NaN],
  'a hole': new Array(3),
  zero: -0,
  infinity: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  'a large number': 1e21,
  'an unsafe number': 2 ** 60,
  'a small bigint': 7n,
  'a large bigint': 2n ** 70n,
  'a bigint beyond Python': 10n ** 4300n,
  date: new Date(0),
  bytes: Buffer.from('abc'),
  map: new Map([['a', 1]]),
  'a class': new Point(),
  'a class with toJSON': new Secret(),
  'an object with toJSON': { toJSON: () => ({ a: 1 }) },
  'an array with toJSON': Object.assign([1], { toJSON: () => 'array' }),
  'an object without a prototype': Object.assign(Object.create(null), { a: 1 }),
  'an inherited member': Object.create({ inherited: 1 }),
  'a hidden member': Object.defineProperty({ a: 1 }, 'hidden', { value: 2, enumerable: false }),
  'a getter': Object.defineProperty({}, 'a', { get: () => 3, enumerable: true }),
  'a getter that throws': Object.defineProperty({}, 'a', {
    get: () => {
      throw new Error('no');
    },
    enumerable: true,
  }),
  'a symbol for a key': { [Symbol('s')]: 1, a: 2 },
  'keys that look like numbers': { b: 1, 2: 'two', 1: 'one' },
  __proto__key: JSON.parse('{"__proto__": {"polluted": true}, "a": 1}'),
  'boxed values': [Object('text'), Object(1), Object(false)],
  'half a surrogate': '\ud800',
  'as deep as is allowed': [[[{}]]],
  'too deep': [[[[{}]]]],
  'nearly too large': 'x'.repeat(1900),
  'too large': 'x'.repeat(2000),
  'too large in bytes': '€'.repeat(700),
};

describe('a message within the process', () => {
  it.each(Object.entries(odd))('is read like its text: %s', (_name, value) => {
    for (const message of [{ value }, { args: { value }, before: 1 }]) {
      const expected = throughText(message);
      expect(outcome(() => PassedMessage.of(message, limits).read(limits, true))).toEqual(expected);
      expect(outcome(() => PassedMessage.of(message, limits).read(limits, false))).toEqual(expected);
    }
  });

  it('is read like its text, for any value', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), (message) => {
        const expected = throughText(message);
        const passed = outcome(() => {
          const it = PassedMessage.of(message, limits);
          const first = it.read(limits, false);
          expect(it.read(limits, true)).toStrictEqual(first);
          return first;
        });
        expect(passed).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('has no members of Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'everywhere', {
      value: 1,
      enumerable: true,
      writable: true,
      configurable: true,
    });
    try {
      const passed = PassedMessage.of({ args: { a: 1 } }, limits);
      expect(JSON.stringify(passed.read(limits, false))).toBe('{"args":{"a":1}}');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'everywhere');
    }
  });

  it('is the value at the time of sending for every reader', () => {
    const message = { args: { list: [1], deep: { x: 1 } } };
    const passed = PassedMessage.of(message, limits);
    message.args.list.push(2);
    const first = passed.read(limits, false) as typeof message;
    first.args.deep.x = 2;
    expect(passed.read(limits, true)).toEqual({ args: { list: [1], deep: { x: 1 } } });
  });

  it('is refused by a reader with lower limits, like its text', () => {
    const passed = PassedMessage.of({ args: { list: [[1]], text: 'x'.repeat(100) } }, limits);
    for (const last of [true, false]) {
      expect(() => passed.read({ ...limits, depth: 3 }, last)).toThrow(InvalidMessage);
      expect(() => passed.read({ ...limits, bodyBytes: 50 }, last)).toThrow(InvalidMessage);
      expect(passed.read({ bodyBytes: 150, depth: 4 }, last)).toEqual({ args: { list: [[1]], text: 'x'.repeat(100) } });
    }
  });

  it('is refused when it is too large', () => {
    expect(() => PassedMessage.of({ text: 'x'.repeat(2000) }, limits)).toThrow(ClientSendError);
  });
});

describe('the method of a passed message', () => {
  const mayCall = (message: Dict) => PassedMessage.of(message, limits).mayCall('ping_');

  it('is found without its text', () => {
    let written = false;
    const passed = PassedMessage.of({ method: 'ping_one', args: {} }, limits);
    Object.defineProperty(passed, 'body', {
      get() {
        written = true;
      },
    });
    expect([passed.mayCall('ping_'), passed.mayCall('pong_'), written]).toEqual([true, false, false]);
  });

  it.each([{ method: 'other', args: { ping_: 1 } }, { method: { ping_: 1 } }, { method: null }, {}])(
    'does not begin so in %j',
    (message) => {
      expect(mayCall(message)).toBe(false);
    },
  );

  it('is searched for in the text of a message that is not copied', () => {
    expect(mayCall({ method: 'ping_one', args: { point: new Secret() } })).toBe(true);
    expect(mayCall({ method: 'other', args: { point: new Secret() } })).toBe(false);
  });
});
