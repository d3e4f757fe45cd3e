import { ClientSendError } from '../core/errors.js';

/** Deeper than any message may be: what is nested so deep refers to itself. */
const DEEPEST = 1000;

/**
 * What JSON can carry of a value: maps and sets become objects and arrays, at any depth.
 * @param convert the form of an object that has one of its own, else undefined
 * @throws ClientSendError when the value is nested too deep
 */
export function toPlain(value: unknown, convert?: (object: object) => unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const converted = convert?.(value);
  if (converted !== undefined) return converted;
  if ('toJSON' in value) return value;
  if (depth > DEEPEST) throw new ClientSendError(`A value is nested deeper than ${DEEPEST} levels`);
  const each = (item: unknown) => toPlain(item, convert, depth + 1);
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, each);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [String(key), each(item)]));
}
