import { randomBytes } from 'node:crypto';
import { endOfString, isDigit, isUnsafe, MAX_INTEGER_DIGITS, parsePythonJson } from './python-json.js';
import type { TextBounds } from './text-codec.js';

/**
 * Maximum number of brackets in a text whose depth is not checked before parsing. A million nested arrays need much
 * memory.
 */
const MAX_UNSCANNED_DEPTH = 2 ** 15;
/** Maximum depth to which a value is searched before it is written. */
const MAX_SEARCH_DEPTH = 1000;
/** Minimum number of digits of an integer beyond 2^53. */
const MIN_UNSAFE_DIGITS = 16;

/** Limits of a JSON text. */
export interface JsonLimits {
  /** Maximum nesting depth of arrays and objects. @default unlimited */
  readonly depth?: number | undefined;
  /** Maximum number of values: elements, members, arrays and objects. @default unlimited */
  readonly values?: number | undefined;
}

/** Thrown when a JSON text exceeds a limit. */
export class JsonLimitError extends RangeError {}

/**
 * Parses JSON as Python writes it: integers beyond 2^53 become `bigint`, and `NaN`, `Infinity` and `-Infinity` become
 * numbers. `__proto__` is an ordinary own key.
 * @param bounds bounds of the text where they are known, which save searching it
 * @throws SyntaxError when the text is not JSON, or contains an integer of more than 4300 digits
 * @throws RangeError when it exceeds a limit
 */
export function parseJson(
  text: string,
  { depth = Number.POSITIVE_INFINITY, values = Number.POSITIVE_INFINITY }: JsonLimits = {},
  bounds?: TextBounds,
): unknown {
  if (!(bounds && bounds.values <= values) && exceedsValues(text, values))
    throw new JsonLimitError(`The JSON text holds more than ${values} values`);
  const mostDepth = bounds ? bounds.depth : countBrackets(text, depth);
  if (mostDepth > MAX_UNSCANNED_DEPTH && exceedsDepth(text, depth)) throw tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return parsePythonJson(text, depth);
  }
  // Most texts show that the value needs no search.
  const mayRound = bounds?.digits !== false && holdsManyDigits(text);
  const safe = (mostDepth <= depth && !mayRound) || !holdsUnsafe(value, depth);
  return safe ? value : parsePythonJson(text, depth);
}

/**
 * Returns true when a text has more values than given. Counts commas, and one more value per array or object that is
 * not empty.
 */
export function exceedsValues(text: string, values: number): boolean {
  // Each value needs at least two characters, with its separator.
  if (text.length <= values * 2) return false;
  let count = 1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) {
      index = endOfString(text, index);
      if (index < 0) return false;
    } else if (code === 0x2c || ((code === 0x5b || code === 0x7b) && !isClosing(text.charCodeAt(index + 1)))) {
      if (++count > values) return true;
    }
  }
  return false;
}

const isClosing = (code: number) => code === 0x5d || code === 0x7d;

/** Returns true when a text has enough digits in a row for an integer beyond 2^53. Checks every sixteenth character. */
function holdsManyDigits(text: string): boolean {
  for (let index = MIN_UNSAFE_DIGITS - 1; index < text.length; index += MIN_UNSAFE_DIGITS) {
    if (!isDigit(text.charCodeAt(index))) continue;
    let start = index;
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--;
    let end = index + 1;
    while (end - start < MIN_UNSAFE_DIGITS && isDigit(text.charCodeAt(end))) end++;
    if (end - start >= MIN_UNSAFE_DIGITS) return true;
  }
  return false;
}

function tooDeep(): RangeError {
  return new RangeError('The JSON text is nested too deep');
}

/**
 * Returns true when a value contains a number that is, or would be, rounded. Searching the value is cheaper than the
 * text.
 */
function holdsUnsafe(value: unknown, levels: number): boolean {
  if (typeof value === 'number') return isUnsafe(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  if (levels === 0) throw tooDeep();
  let unsafe = false;
  // Searches to the end, because the depth must be checked, too.
  if (Array.isArray(value)) {
    for (const member of value) if (holdsUnsafe(member, levels - 1)) unsafe = true;
  } else {
    for (const key in value) if (holdsUnsafe((value as Record<string, unknown>)[key], levels - 1)) unsafe = true;
  }
  return unsafe;
}

/** Returns a random mark that no text contains. */
function newMark(): string {
  return randomBytes(9).toString('base64url');
}

/**
 * Returns the JSON text of a value. Writes a `bigint` as an integer of any size, also when BigInt has a `toJSON`. Writes a
 * `number` beyond 2^53 as a float, because its digits would be a wrong integer. `NaN` and the infinities become null, and
 * undefined members are left out, as in JavaScript.
 * @throws TypeError for a value that refers to itself, RangeError for an integer of more than 4300 digits
 */
export function stringifyJson(value: unknown): string {
  const plain = stringifyPlain(value);
  if (plain !== undefined) return plain;
  const mark = newMark();
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, member: unknown) {
    // A toJSON of BigInt has been applied to `member` already, but not to the value in its holder.
    const original = typeof member === 'bigint' ? member : this[key];
    if (typeof original === 'bigint') return mark + digitsOf(original);
    return typeof member === 'number' && isUnsafe(member) && Number.isFinite(member)
      ? mark + member.toExponential()
      : member;
  });
  return text?.replace(new RegExp(`"${mark}([-+.e\\d]+)"`, 'g'), '$1') ?? 'null';
}

/**
 * Returns the JSON text, or undefined for a value with a bigint, or with a number whose digits would be a wrong
 * integer.
 */
function stringifyPlain(value: unknown): string | undefined {
  // Without a toJSON, JSON.stringify throws for a bigint.
  if ('toJSON' in BigInt.prototype && mayHoldUnsafe(value)) return undefined;
  try {
    const text = JSON.stringify(value) ?? 'null';
    return holdsManyDigits(text) && mayHoldUnsafe(value) ? undefined : text;
  } catch (error) {
    if (error instanceof TypeError && /BigInt/.test(error.message)) return undefined;
    throw error;
  }
}

/**
 * Returns true also for a value that cannot be searched (too deep, circular, a getter that throws): JSON.stringify
 * decides.
 */
function mayHoldUnsafe(value: unknown): boolean {
  try {
    return holdsUnsafe(value, MAX_SEARCH_DEPTH);
  } catch {
    return true;
  }
}

const TOO_LARGE = 10n ** BigInt(MAX_INTEGER_DIGITS);

function digitsOf(integer: bigint): string {
  if (integer >= TOO_LARGE || integer <= -TOO_LARGE) {
    throw new RangeError(`An integer has more than ${MAX_INTEGER_DIGITS} digits, which Python does not read`);
  }
  return String(integer);
}

/** Returns true when arrays and objects in a JSON text are nested deeper than the limit. Does not parse the text. */
function exceedsDepth(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/**
 * Returns the number of opening brackets, including those in strings: an upper bound of the depth. `indexOf` finds them far
 * faster than a scan. Counting stops when the result can no longer matter.
 */
function countBrackets(text: string, depth: number): number {
  if (text.length <= depth * 2) return 0;
  const max = Math.max(depth, MAX_UNSCANNED_DEPTH);
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let index = text.indexOf(bracket); index >= 0; index = text.indexOf(bracket, index + 1)) {
      if (++count > max) return count;
    }
  }
  return count;
}
