import { randomUUID } from 'node:crypto';

/** Long digit runs are the only thing that JSON.parse rounds; texts without one take the fast path. */
const LONG_DIGITS = /\d{16}/;
/** Where a string begins, a whole number, or one of Python's three words that JSON does not have. */
const TOKENS = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-?Infinity|NaN/g;

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
  const marked = markUnsafe(text, mark);
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(mark)) return value;
    const token = value.slice(mark.length);
    return /^-?\d/.test(token) ? BigInt(token) : Number(token);
  });
}

/** The text with every number that JSON.parse would round or refuse made into a marked string. */
function markUnsafe(text: string, mark: string): string {
  const parts: string[] = [];
  const tokens = new RegExp(TOKENS);
  let copied = 0;
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    const [token] = match;
    if (token === '"') {
      const end = endOfString(text, match.index);
      // JSON.parse reports a string without an end.
      if (end < 0) return text;
      tokens.lastIndex = end + 1;
    } else if (/^-?(?:\d+$|[IN])/.test(token) && !Number.isSafeInteger(Number(token))) {
      parts.push(text.slice(copied, match.index), `"${mark}${token}"`);
      copied = match.index + token.length;
    }
  }
  return parts.join('') + text.slice(copied);
}

/** Index of the quote that closes the string; −1 when none does. A scan, because a regular expression overflows on long strings. */
function endOfString(text: string, start: number): number {
  let end = start;
  let slashes = 0;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return end;
    slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
  } while (slashes % 2 === 1);
  return end;
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

/** Whether arrays and objects in a JSON text are nested deeper than the limit, found without parsing it. */
export function exceedsDepth(text: string, limit: number): boolean {
  if (!hasMoreBrackets(text, limit)) return false;
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

/** Most texts have too few brackets to be deep, and the engine finds those far faster than a scan does. */
function hasMoreBrackets(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let index = text.indexOf(bracket); index >= 0; index = text.indexOf(bracket, index + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}
