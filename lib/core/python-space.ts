/**
 * White space in Python, as a part of a character class. That of JavaScript has a byte order mark in it, and lacks the
 * separators of ASCII.
 */
export const PYTHON_SPACE = String.raw` \t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

const SPACE = new RegExp(`[${PYTHON_SPACE}]`);

/** Returns the text without white space at its beginning, as Python's `lstrip`. */
export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && SPACE.test(text.charAt(start))) start += 1;
  return text.slice(start);
}

/** Returns the text without white space at its end, as Python's `rstrip`. */
export function stripEnd(text: string): string {
  // Not by one regular expression: the time for `\s+$` grows with the square of a run of spaces within the text.
  let end = text.length;
  while (end > 0 && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Returns the text without white space at both ends, as Python's `strip`. */
export function strip(text: string): string {
  return stripStart(stripEnd(text));
}
