import { randomUUID } from 'node:crypto';

/** Long digit runs are the only thing that JSON.parse rounds; texts without one take the fast path. */
const LONG_DIGITS = /\d{16}/;
/** One string, one number that may be beyond 2^53, or one of Python's three words that JSON does not have. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])|-?Infinity|NaN/g;

/**
 * `JSON.parse` for what Python writes: integers beyond 2^53 become `bigint`, and the words `NaN`, `Infinity` and
 * `-Infinity` the JavaScript numbers of that name. `__proto__` stays an ordinary own key.
 * @throws SyntaxError when the text is not JSON
 */
export function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      if (!text.includes('NaN') && !text.includes('Infinity')) throw error;
    }
  }
  const mark = randomUUID();
  const marked = text.replace(TOKENS, (token) =>
    token[0] === '"' || Number.isSafeInteger(Number(token)) ? token : `"${mark}${token}"`,
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(mark)) return value;
    const token = value.slice(mark.length);
    return /^-?\d/.test(token) ? BigInt(token) : Number(token);
  });
}

/**
 * `JSON.stringify` that writes a `bigint` as an integer of any size. `NaN` and the infinities become null, and members
 * that are undefined are left out, as in JavaScript.
 * @throws TypeError on a value that refers to itself
 */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    if (!(error instanceof TypeError) || !/BigInt/.test(error.message)) throw error;
  }
  const mark = randomUUID();
  const text = JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? `${mark}${member}` : member,
  );
  return text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

/** The deepest nesting of arrays and objects in a JSON text, counted without parsing it. */
export function exceedsDepth(text: string, limit: number): boolean {
  if (text.length <= limit * 2) return false;
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
