import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJson, stringifyJson } from '../../../lib/core/json.js';
import { PYTHON } from '../../../testkit/prerequisites.js';
import { key, nested, text, value } from '../../differential/arbitrary-values.js';
import { compareTrees } from '../../differential/compare-trees.js';
import { plainOf, readTree, type Tree, treeOf, writeTree } from '../../differential/json-tree.js';
import { propertySeed } from '../../support/property-seed.js';

describe('numbers', () => {
  it('keep their value for any size and spelling', () => {
    fc.assert(
      fc.property(value, fc.boolean(), (tree, ascii) => {
        // A key that comes twice is the last one's, in both languages.
        const written = writeTree(tree, ascii);
        expect(parseJson(written)).toEqual(plainOf(tree));
      }),
      { numRuns: 2000 },
    );
  });

  it('are written as they were read', () => {
    fc.assert(
      fc.property(value, (tree) => {
        const read = plainOf(tree);
        const again = readTree(stringifyJson(read));
        const differences = compareTrees(treeOf(read), again, 'value');
        expect(differences.filter(({ rule }) => rule !== 'not-finite' && rule !== 'whole-floats')).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['1e22', 1e22],
    ['12345678901234567890.5', Number('12345678901234567890.5')],
    ['0.1234567890123456789', 0.12345678901234568],
    ['1e-1234567890123456789', 0],
    ['1e400', Number.POSITIVE_INFINITY],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['"NaN 12345678901234567890"', 'NaN 12345678901234567890'],
    ['["\\\\", 12345678901234567890]', ['\\', 12345678901234567890n]],
  ])('%s', (written, read) => {
    expect(parseJson(written)).toEqual(read);
    expect(parseJson(` [ ${written} ] `)).toEqual([read]);
    expect(parseJson(`{"a":${written},"__proto__":${written}}`)).toEqual(
      Object.fromEntries([
        ['a', read],
        ['__proto__', read],
      ]),
    );
  });

  it('beyond 2^53 that are no bigint are floats, and stay floats', () => {
    expect(stringifyJson([2 ** 60, -1e20, 1e21, 2 ** 53 - 1])).toBe(
      '[1.152921504606847e+18,-1e+20,1e+21,9007199254740991]',
    );
    expect(parseJson(stringifyJson({ float: 2 ** 60, integer: 2n ** 60n }))).toEqual({
      float: 2 ** 60,
      integer: 2n ** 60n,
    });
  });

  it('of more digits than Python reads are refused', () => {
    expect(parseJson(`-${'7'.repeat(4300)}`)).toBe(-BigInt('7'.repeat(4300)));
    expect(() => parseJson(`[${'7'.repeat(4301)}]`)).toThrow(SyntaxError);
    expect(() => stringifyJson(10n ** 4300n)).toThrow(RangeError);
    expect(stringifyJson(10n ** 4300n - 1n)).toBe('9'.repeat(4300));
    expect(() => stringifyJson([-(10n ** 4300n)])).toThrow(RangeError);
  });

  it.each([
    '{NaN: 1}',
    '{12345678901234567890: 1}',
    '-NaN',
    '1NaN',
    'NaN NaN',
    '0012345678901234567890',
    '+Infinity',
    '[12345678901234567890,]',
  ])('in a wrong place are refused: %s', (written) => {
    expect(() => parseJson(written)).toThrow(SyntaxError);
  });
});

describe('with a BigInt.prototype.toJSON of the application', () => {
  afterEach(() => {
    Reflect.deleteProperty(BigInt.prototype, 'toJSON');
  });

  it('integers are still written as integers', () => {
    Object.defineProperty(BigInt.prototype, 'toJSON', { value: String, configurable: true });
    expect(stringifyJson({ a: 2n ** 60n, b: [1n, 'x', null, undefined], c: undefined })).toBe(
      '{"a":1152921504606846976,"b":[1,"x",null,null]}',
    );
    expect(stringifyJson(1n)).toBe('1');
    expect(stringifyJson({ money: { toJSON: () => 5n } })).toBe('{"money":5}');
  });
});

describe('depth', () => {
  it('counts arrays and objects, up to the limit', () => {
    fc.assert(
      fc.property(nested(fc.integer({ min: 1, max: 60 })), fc.integer({ min: 1, max: 60 }), (tree, limit) => {
        const written = writeTree(tree, true);
        const depth = depthOf(tree);
        if (depth <= limit) expect(parseJson(written, { depth: limit })).toEqual(plainOf(tree));
        else expect(() => parseJson(written, { depth: limit })).toThrow(RangeError);
      }),
    );
  });

  function depthOf(tree: Tree): number {
    if (tree.kind === 'list') return 1 + Math.max(0, ...tree.items.map(depthOf));
    return tree.kind === 'dict' ? 1 + Math.max(0, ...tree.entries.map(([, item]) => depthOf(item))) : 0;
  }

  it('counts brackets outside strings only', () => {
    expect(parseJson(JSON.stringify('['.repeat(200_000)), { depth: 2 })).toHaveLength(200_000);
    expect(() => parseJson(`${'['.repeat(100_000)}${']'.repeat(100_000)}`, { depth: 100 })).toThrow(RangeError);
    expect(() => parseJson('[[[NaN]]]', { depth: 2 })).toThrow(RangeError);
    expect(parseJson('[[NaN]]', { depth: 2 })).toEqual([[Number.NaN]]);
  });
});

// All in one process, which takes a tenth of a second to start.
const SCRIPT = `
import json, sys
for line in sys.stdin:
    text = json.loads(line)
    try:
        print(json.dumps(json.dumps(json.loads(text))))
    except (ValueError, RecursionError):
        print('null')
`;

function askPython(texts: string[]): (string | null)[] {
  const input = texts.map((one) => JSON.stringify(one)).join('\n');
  const { stdout, stderr } = spawnSync(PYTHON, ['-c', SCRIPT], { input, maxBuffer: 2 ** 28, encoding: 'utf8' });
  const answers = stdout.trim().split('\n');
  if (answers.length !== texts.length) throw new Error(stderr);
  return answers.map((line) => JSON.parse(line) as string | null);
}

describe.skipIf(!existsSync(PYTHON))("Python's json, asked the same", () => {
  /** A JSON text with something put in, taken out or cut off. */
  const damaged = fc
    .tuple(
      value.map((tree) => writeTree(tree, false)),
      fc.nat(),
      fc.constantFrom(
        '',
        '"',
        '\\',
        '[',
        ']',
        '{',
        '}',
        ',',
        ':',
        '-',
        '0',
        '7'.repeat(20),
        '.',
        'e',
        'NaN',
        'Infinity',
        'null',
        '\n',
        '\u0001',
        '\ufeff',
        ' ',
      ),
      fc.nat({ max: 3 }),
    )
    .map(([written, at, inserted, removed]) => {
      const place = at % (written.length + 1);
      return written.slice(0, place) + inserted + written.slice(place + removed);
    });

  it(`accepts and refuses the same texts, and reads the same values (seed ${propertySeed})`, () => {
    const texts = fc.sample(
      fc.oneof(
        damaged,
        text.map((one) => JSON.stringify(one)),
        key,
      ),
      6000,
    );
    const answers = askPython(texts);
    for (const [index, written] of texts.entries()) {
      const read = attempt(() => parseJson(written));
      const python = answers[index] ?? null;
      expect(read === undefined, `refused ${JSON.stringify(written)}`).toBe(python === null);
      if (read === undefined || python === null) continue;
      const ours = readTree(stringifyJson(read.value));
      const differences = compareTrees(readTree(python), ours, 'value');
      expect(
        differences.filter(({ rule }) => !rule),
        JSON.stringify(written),
      ).toEqual([]);
    }
  });

  function attempt(read: () => unknown): { value: unknown } | undefined {
    try {
      return { value: read() };
    } catch {
      return undefined;
    }
  }
});

describe('malicious texts of 4 MB', () => {
  const SIZE = 4 * 2 ** 20;
  const fill = (piece: string, begin = '', end = '') => begin + piece.repeat(Math.floor(SIZE / piece.length)) + end;

  it.each<[string, () => string]>([
    ['digits', () => fill('7')],
    ['digits behind a point', () => fill('7', '0.')],
    ['an exponent of digits', () => fill('7', '1e')],
    ['integers of 15 digits', () => fill('123456789012345,', '[', '1]')],
    ['integers of 19 digits', () => fill('1234567890123456789,', '[', '1]')],
    ['integers of 4300 digits', () => fill(`${'7'.repeat(4300)},`, '[', '1]')],
    ['escaped quotes', () => fill('\\"', '[12345678901234567890,"', '"]')],
    ['backslashes', () => fill('\\\\', '[12345678901234567890,"', '"]')],
    ['backslashes without an end', () => fill('\\', '[NaN,"')],
    ['runs of backslashes before quotes', () => fill(`${'\\'.repeat(1001)}"`, '[NaN,"', '"]')],
    ['empty texts', () => fill('"",', '[12345678901234567890,', '1]')],
    ['minus signs', () => fill('-', 'NaN')],
    ['words cut short', () => fill('Infinit', '[NaN,')],
    ['opening brackets', () => fill('[')],
    ['empty arrays', () => fill('[],', '[', '1]')],
  ])('are parsed fast: %s', { timeout: 240_000 }, (_name, make) => {
    const written = make();
    const begin = process.cpuUsage();
    try {
      parseJson(written, { depth: 100 });
    } catch (error) {
      expect(error instanceof SyntaxError || error instanceof RangeError).toBe(true);
    }
    // The processor's time: a busy machine makes any work last long. Quadratic work would take an hour of it.
    const { user, system } = process.cpuUsage(begin);
    expect((user + system) / 1000).toBeLessThan(10_000);
  });
});

describe('messages without big numbers', () => {
  const message = {
    method: 'heal_vnf',
    args: {
      vnf_id: '5a3e8c1e-7c21-4a53-b17d-1df8ae3d1d9e',
      ratio: 0.30000000000000004,
      list: [1, 2.5, null, true],
      when: 1697040000,
    },
    version: '1.2',
    _msg_id: '0123456789abcdef0123456789abcdef',
    _reply_q: 'reply_01234567890123456789012345678901',
    _context_roles: ['admin', 'member'],
  };
  const written = JSON.stringify(message);

  /**
   * The best of several rounds, taken in turn, so that what else runs on the machine hits both. On a busy one the
   * compiler may come late: there are more rounds then, up to a bound.
   */
  function compare(one: () => unknown, other: () => unknown, limit: number): number {
    const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const timed = (work: () => unknown): number => {
      const begin = performance.now();
      for (let turn = 0; turn < 500; turn++) work();
      return performance.now() - begin;
    };
    for (let round = 0; round < 40 || (round < 1000 && best[0] / best[1] >= limit); round++) {
      best[0] = Math.min(best[0], timed(one));
      best[1] = Math.min(best[1], timed(other));
    }
    return best[0] / best[1];
  }

  it('are parsed almost as fast as by JSON.parse', () => {
    const parse = compare(
      () => parseJson(written, { depth: 100 }),
      () => JSON.parse(written),
      3,
    );
    expect(parse).toBeLessThan(3);
    const stringify = compare(
      () => stringifyJson(message),
      () => JSON.stringify(message),
      3,
    );
    expect(stringify).toBeLessThan(3);
  });
});
