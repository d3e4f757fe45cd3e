import { ClientSendError } from '../core/errors.js';

/** Deeper than any message may be. A value nested deeper refers to itself. */
const MAX_DEPTH = 1000;

/**
 * Returns a value in the types of JSON: maps and sets become objects and arrays, at any depth.
 * @param convert returns the form of an object that has one of its own, else undefined
 * @throws ClientSendError for a value nested deeper than 1000 levels
 */
export function toPlain(value: unknown, convert?: (object: object) => unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const converted = convert?.(value);
  if (converted !== undefined) return converted;
  if ('toJSON' in value) return value;
  if (depth > MAX_DEPTH)
    throw new ClientSendError(
      `A value is nested deeper than ${MAX_DEPTH} levels, so it probably refers to itself; send plain data`,
    );
  const each = (item: unknown) => toPlain(item, convert, depth + 1);
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, each);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [String(key), each(item)]));
}
