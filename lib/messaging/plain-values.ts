import { circleIn } from '../core/circle.js';
import { ClientSendError } from '../core/errors.js';

/** Deeper than any message may be. A value nested deeper refers to itself. */
const MAX_DEPTH = 1000;

/**
 * Returns a value in the types of JSON: maps and sets become objects and arrays, at any depth.
 * @param convert returns the form of an object that has one of its own, else undefined
 * @throws ClientSendError for a value nested deeper than 1000 levels
 */
export function toPlain(value: unknown, convert?: Convert): unknown {
  return plain(value, { convert, root: value }, 0);
}

type Convert = (object: object) => unknown;

interface Conversion {
  readonly convert: Convert | undefined;
  /** The whole value, for errors. */
  readonly root: unknown;
}

function plain(value: unknown, conversion: Conversion, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const converted = conversion.convert?.(value);
  if (converted !== undefined) return converted;
  if ('toJSON' in value) return value;
  if (depth > MAX_DEPTH) {
    const isWhole = (object: object) => conversion.convert?.(object) !== undefined;
    const circle = circleIn(conversion.root, isWhole) ?? '';
    throw new ClientSendError(
      `A value is nested deeper than ${MAX_DEPTH} levels${circle && `: ${circle}`}; send plain data`,
    );
  }
  const each = (item: unknown) => plain(item, conversion, depth + 1);
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, each);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [String(key), each(item)]));
}
