import { randomBytes } from 'node:crypto';
import { endOfString, isDigit, isUnsafe, MAX_INTEGER_DIGITS, parsePythonJson } from './python-json.js';

/** A text of more is looked through for its depth before it is parsed: a million nested arrays take a lot of memory. */
const MAX_UNSCANNED_BRACKETS = 2 ** 15;
const MAX_SEARCH_DEPTH = 1000;
/** No shorter integer is unsafe. */
const MIN_UNSAFE_DIGITS = 16;
/** Limits of a JSON text. */
export interface JsonLimits {
  /** Levels to which arrays and objects may be nested. */
  readonly depth?: number | undefined;
  /** Number of values that there may be: elements, members, arrays and objects. */
  readonly values?: number | undefined;
}

/** A JSON text is over a limit. Not parsed, or not to the end. */
export class JsonLimitError extends RangeError {}

/**
 * `JSON.parse` for what Python writes: integers beyond 2^53 become `bigint`, and the words `NaN`, `Infinity` and
 * `-Infinity` the JavaScript numbers of that name. `__proto__` stays an ordinary own key.
 * @throws SyntaxError when the text is not JSON, or holds an integer of more than 4300 digits
 * @throws RangeError when it is over a limit
 */
export function parseJson(
  text: string,
  { depth = Number.POSITIVE_INFINITY, values = Number.POSITIVE_INFINITY }: JsonLimits = {},
): unknown {
  if (exceedsValues(text, values)) throw new JsonLimitError(`The JSON text holds more than ${values} values`);
  const brackets = countBrackets(text, depth);
  if (brackets > MAX_UNSCANNED_BRACKETS && exceedsDepth(text, depth)) throw tooDeep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return parsePythonJson(text, depth);
  }
  // Most texts show that there is nothing to look for in the value.
  const safe = (brackets <= depth && !holdsManyDigits(text)) || !holdsUnsafe(value, depth);
  return safe ? value : parsePythonJson(text, depth);
}

/** Tells whether a text holds more values than given: as many as commas, and one more in all that is not empty. */
export function exceedsValues(text: string, values: number): boolean {
  // A value and what parts it from the next are two characters.
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

/** Whether so many digits are in a row, anywhere, that an unsafe integer could be there. Looks at every sixteenth character. */
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

/** Whether a number may have been rounded, or would be. A look at the value costs less than one at the text. */
function holdsUnsafe(value: unknown, levels: number): boolean {
  if (typeof value === 'number') return isUnsafe(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  if (levels === 0) throw tooDeep();
  let unsafe = false;
  // To the end, because of the depth.
  if (Array.isArray(value)) {
    for (const member of value) if (holdsUnsafe(member, levels - 1)) unsafe = true;
  } else {
    for (const key in value) if (holdsUnsafe((value as Record<string, unknown>)[key], levels - 1)) unsafe = true;
  }
  return unsafe;
}

/** Nobody who wrote the text can have guessed it. */
function newMark(): string {
  return randomBytes(9).toString('base64url');
}

/**
 * `JSON.stringify` that writes a `bigint` as an integer of any size, even where somebody gave BigInt a `toJSON`, and a
 * `number` beyond 2^53 as the float that it is: its digits would make a wrong integer. `NaN` and the infinities become
 * null, and members that are undefined are left out, as in JavaScript.
 * @throws TypeError on a value that refers to itself, RangeError on an integer of more than 4300 digits
 */
export function stringifyJson(value: unknown): string {
  const plain = stringifyPlain(value);
  if (plain !== undefined) return plain;
  const mark = newMark();
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, member: unknown) {
    // What is handed over has been through toJSON; what the holder has, has not.
    const original = typeof member === 'bigint' ? member : this[key];
    if (typeof original === 'bigint') return mark + digitsOf(original);
    return typeof member === 'number' && isUnsafe(member) && Number.isFinite(member)
      ? mark + member.toExponential()
      : member;
  });
  return text?.replace(new RegExp(`"${mark}([-+.e\\d]+)"`, 'g'), '$1') ?? 'null';
}

/** Undefined where there is a bigint, or a number that would be read as an integer that it is not. */
function stringifyPlain(value: unknown): string | undefined {
  // With a toJSON of BigInt's only a look at the value tells; else JSON.stringify refuses it.
  if ('toJSON' in BigInt.prototype && mayHoldUnsafe(value)) return undefined;
  try {
    const text = JSON.stringify(value) ?? 'null';
    return holdsManyDigits(text) && mayHoldUnsafe(value) ? undefined : text;
  } catch (error) {
    if (error instanceof TypeError && /BigInt/.test(error.message)) return undefined;
    throw error;
  }
}

/** What cannot be looked at (too deep, refers to itself, a getter that throws) is for JSON.stringify to judge. */
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

/** Whether arrays and objects in a JSON text are nested deeper than the limit, found without parsing it. */
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
 * How many brackets open, in strings, too: as many as there may be levels. The engine finds them far faster than a scan
 * does. Not more are counted than is of use.
 */
function countBrackets(text: string, depth: number): number {
  if (text.length <= depth * 2) return 0;
  const most = Math.max(depth, MAX_UNSCANNED_BRACKETS);
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let index = text.indexOf(bracket); index >= 0; index = text.indexOf(bracket, index + 1)) {
      if (++count > most) return count;
    }
  }
  return count;
}
