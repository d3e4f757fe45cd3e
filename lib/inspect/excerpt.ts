import { isSecretName, MASK } from '../internal.js';

/** Bounds of an excerpt. */
export interface ExcerptBounds {
  /** Maximum number of values. */
  readonly values: number;
  /** Maximum number of members of one list or object. */
  readonly items: number;
  readonly depth: number;
}

/** Texts of an excerpt. */
export interface ExcerptTexts {
  /** Masks a text, and cuts it. */
  readonly text: (value: string) => string;
  /** Called with the length of each value that is no text. */
  readonly spend?: (length: number) => void;
  /** Returns true where no more is to be shown. */
  readonly isFull?: () => boolean;
}

const nothing = () => undefined;
const never = () => false;

/**
 * Returns the beginning of a value as plain data, with values under names of secrets masked. What is left out is marked by `…`.
 * Takes bounded time.
 */
export function excerpt(value: unknown, bounds: ExcerptBounds, texts: ExcerptTexts): unknown {
  const { text, spend = nothing, isFull = never } = texts;
  const { values, items: maxItems, depth: maxDepth } = bounds;
  let left = values;
  const isOver = (count: number) => count >= maxItems || left <= 0 || isFull();
  const copy = (item: unknown, depth: number): unknown => {
    left--;
    if (typeof item === 'string') return text(item);
    if (typeof item === 'function' || typeof item === 'symbol') return `(a ${typeof item})`;
    if (typeof item !== 'object' || item === null) {
      spend(String(item).length);
      return item;
    }
    if (ArrayBuffer.isView(item)) return `(${item.byteLength} bytes)`;
    if (depth === maxDepth || left <= 0) return '…';
    if (item instanceof Date) return item;
    return Array.isArray(item) ? list(item, depth) : members(item, depth);
  };
  const list = (items: readonly unknown[], depth: number): unknown[] => {
    const shown: unknown[] = [];
    for (const item of items) {
      if (isOver(shown.length)) return [...shown, `… ${items.length - shown.length} more`];
      shown.push(copy(item, depth + 1));
    }
    return shown;
  };
  const members = (holder: object, depth: number): object => {
    // A key such as __proto__ becomes an ordinary member.
    const shown: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    let count = 0;
    for (const key in holder) {
      if (!Object.hasOwn(holder, key)) continue;
      if (isOver(count++)) {
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
