import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/exit-code.js';
import { PythonSource } from '../../../lib/cli/generate/python-source.js';
import { readBlock } from '../../../lib/cli/generate/read-statement.js';

/** Value of a literal: a text or a number in Python's spelling, `other` for known values of other types, else `error`. */
type Read = { text: string } | { number: string } | 'other' | 'error';

const PYTHON = `
import ast, json, sys, warnings
warnings.simplefilter('ignore')

def read(literal):
    try:
        node = ast.parse('x = ' + literal).body
        if len(node) != 1 or not isinstance(node[0], ast.Assign):
            return 'error'
        node = node[0].value
        if isinstance(node, ast.JoinedStr):
            if not all(isinstance(part, ast.Constant) for part in node.values):
                return 'other'
            return {'text': ''.join(part.value for part in node.values)}
        value = ast.literal_eval(node)
    except (SyntaxError, ValueError):
        return 'error'
    if isinstance(value, str):
        return {'text': value}
    if isinstance(value, (int, float)):
        return {'number': repr(float(value)) if abs(value) < 2 ** 53 or isinstance(value, float) else str(value)}
    return 'other'

json.dump([read(literal) for literal in json.load(sys.stdin)], sys.stdout)
`;

function readByPython(literals: readonly string[]): Read[] {
  const options = { input: JSON.stringify(literals), encoding: 'utf8' } as const;
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', PYTHON], options)) as Read[];
}

function readHere(literal: string): Read {
  try {
    const source = new PythonSource('literal.py', `x = ${literal}\n`);
    const [statement] = readBlock(source, source.root);
    if (statement?.kind !== 'assign') return 'error';
    const { value } = statement;
    if (value.kind === 'text') return { text: value.value };
    return value.kind === 'constant' ? { number: String(value.value) } : 'other';
  } catch (error) {
    if (error instanceof UsageError) return 'error';
    throw error;
  }
}

const PIECES = [
  ...['a', '1', ' ', 'é', '😀', '\u2028', '\t', '{{', '}}', '{', '}', '{1}', '"', "'", '\\\n'],
  ...[
    '\\n',
    '\\t',
    '\\r',
    '\\a',
    '\\b',
    '\\f',
    '\\v',
    '\\q',
    '\\\\',
    "\\'",
    '\\"',
    '\\0',
    '\\08',
    '\\7',
    '\\101',
    '\\777',
  ],
  ...['\\x65', '\\x4', '\\u00e9', '\\u00', '\\U0001F600', '\\U00110000', '\\ud83d', '\\N{BULLET}', '\\N'],
];
const text = fc
  .tuple(
    fc.constantFrom('', '', '', 'r', 'u', 'b', 'f', 'F', 'fr', 'Rb'),
    fc.constantFrom("'", '"', "'''", '"""'),
    fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }),
  )
  .map(([prefix, quote, pieces]) => `${prefix}${quote}${pieces.join('')}${quote}`);
const number = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String),
  fc.nat().map((value) => `0x${value.toString(16)}`),
  fc.nat().map((value) => `0B${value.toString(2)}`),
  fc
    .tuple(fc.nat(), fc.nat(), fc.integer({ min: -400, max: 400 }))
    .map(([one, two, power]) => `${one}.${two}e${power}`),
  fc.constantFrom('1e999', '1j', '1_000', '0o17', '00', '.5', '9007199254740992', '9007199254740991', '1e300', '2.5J'),
);

/** Lezer takes what follows `\N{` for a name in bytes, too, and misses the continuation of the line in it. */
const isBeyondLezer = (literal: string) => /^R?b.*\\N\{.*\\\n/is.test(literal);

it('reads string and number literals as Python does, or not at all', () => {
  const arbitrary = fc.oneof({ weight: 3, arbitrary: text }, number).filter((literal) => !isBeyondLezer(literal));
  const literals = fc.sample(arbitrary, 4000);
  const expected = readByPython(literals);
  let known = 0;
  for (const [index, literal] of literals.entries()) {
    const [here, python] = [readHere(literal), expected[index]];
    // What is no Python may be read in any way: it does not run.
    if (python === undefined || python === 'error') continue;
    if (typeof here === 'string') {
      const isUnknown = python === 'other' || 'number' in python || /\\N|\\[uU]/.test(literal);
      expect([literal, here, isUnknown]).toEqual([literal, 'other', true]);
    } else if ('number' in here) {
      expect(typeof python === 'object' && 'number' in python && Number(python.number), literal).toBe(
        Number(here.number),
      );
      expect(Number.isSafeInteger(Number(here.number)) || /[.e]/i.test(literal), literal).toBe(true);
      known += 1;
    } else {
      expect([literal, here]).toEqual([literal, python]);
      known += 1;
    }
  }
  expect(known).toBeGreaterThan(literals.length / 4);
});
