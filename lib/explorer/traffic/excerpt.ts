import { excerpt } from '../../inspect/index.js';

const BOUNDS = { values: 300, items: 50, depth: 8 };
const MAX_TEXT = 300;

/** Bounds of a value that is looked at as a whole. */
const SMALL_VALUES = 2000;
const SMALL_LENGTH = 100_000;

/** Returns true for a value that can be looked at as a whole in no time. */
export function isSmall(value: unknown): boolean {
  let [values, length] = [0, 0];
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string') length += next.length;
    else if (typeof next === 'object' && next !== null) {
      if (ArrayBuffer.isView(next)) continue;
      // Not Object.values: that of a long list takes long.
      const isList = Array.isArray(next);
      if (isList && next.length > SMALL_VALUES) return false;
      for (const item of isList ? (next as unknown[]) : Object.values(next)) {
        values++;
        waiting.push(item);
      }
    }
    if (values > SMALL_VALUES || length > SMALL_LENGTH) return false;
  }
  return true;
}

/**
 * Returns the beginning of a value as plain data, with values under names of secrets masked.
 * @param text masks a text and cuts it
 */
export function excerptOf(value: unknown, text: (value: string) => string): unknown {
  return excerpt(value, BOUNDS, { text });
}

/** Returns the beginning of a text. */
export const cut = (value: string, max = MAX_TEXT): string => (value.length > max ? `${value.slice(0, max)}…` : value);
