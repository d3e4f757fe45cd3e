import { isSecretName, MASK } from '../../internal.js';

/** Bounds of an excerpt. */
const MAX_VALUES = 300;
const MAX_ITEMS = 50;
const MAX_DEPTH = 8;
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
  let left = MAX_VALUES;
  const copy = (item: unknown, depth: number): unknown => {
    left--;
    if (typeof item === 'string') return text(item);
    if (typeof item === 'function' || typeof item === 'symbol') return `(a ${typeof item})`;
    if (typeof item !== 'object' || item === null) return item;
    if (ArrayBuffer.isView(item)) return `(${item.byteLength} bytes)`;
    if (depth === MAX_DEPTH || left <= 0) return '…';
    if (item instanceof Date) return item;
    return Array.isArray(item) ? list(item, depth) : members(item, depth);
  };
  const list = (items: readonly unknown[], depth: number): unknown[] => {
    const shown: unknown[] = [];
    for (const item of items) {
      if (shown.length >= MAX_ITEMS || left <= 0) return [...shown, `… ${items.length - shown.length} more`];
      shown.push(copy(item, depth + 1));
    }
    return shown;
  };
  const members = (holder: object, depth: number): object => {
    const shown: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    let count = 0;
    for (const key in holder) {
      if (!Object.hasOwn(holder, key)) continue;
      if (count++ >= MAX_ITEMS || left <= 0) {
        shown['…'] = 'more';
        break;
      }
      const member: unknown = Reflect.get(holder, key);
      // An empty one says that it is missing.
      const isHidden = isSecretName(key) && member !== null && member !== '' && member !== undefined;
      shown[text(key)] = isHidden ? MASK : copy(member, depth + 1);
    }
    return shown;
  };
  return copy(value, 0);
}

/** Returns the beginning of a text. */
export const cut = (value: string, max = MAX_TEXT): string => (value.length > max ? `${value.slice(0, max)}…` : value);
