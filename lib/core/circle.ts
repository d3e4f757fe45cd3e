import { oneLine } from './logger.js';

/** Maximum depth that is searched. */
const MAX_DEPTH = 1000;
/** Maximum length of a description, in characters. */
const MAX_LENGTH = 200;

/**
 * Describes a part of a value that refers to an object which holds it: `args.b.c refers back to args`.
 * Returns undefined where there is none. Objects with a JSON form of their own (`toJSON`, errors, bytes) are not searched.
 * @param isWhole returns true for further objects that are not searched
 */
export function circleIn(value: unknown, isWhole: (object: object) => boolean = () => false): string | undefined {
  const found = search(value, { path: [], holders: new Map(), finished: new Set(), isWhole });
  return found === undefined ? undefined : oneLine(found, MAX_LENGTH);
}

interface Search {
  /** Keys of the current place. */
  readonly path: string[];
  /** Objects that hold the current place, each with the length of its path. */
  readonly holders: Map<object, number>;
  /** Objects that are known to be without a circle. */
  readonly finished: Set<object>;
  readonly isWhole: (object: object) => boolean;
}

function search(value: unknown, state: Search): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { path, holders, finished, isWhole } = state;
  const holder = holders.get(value);
  if (holder !== undefined)
    return `${path.join('.')} refers back to ${path.slice(0, holder).join('.') || 'the value that holds it'}`;
  if (finished.has(value) || path.length > MAX_DEPTH || hasOwnForm(value) || isWhole(value)) return undefined;
  holders.set(value, path.length);
  for (const [key, member] of membersOf(value)) {
    path.push(key);
    const found = search(member, state);
    if (found !== undefined) return found;
    path.pop();
  }
  holders.delete(value);
  finished.add(value);
  return undefined;
}

function hasOwnForm(value: object): boolean {
  return (
    ('toJSON' in value && typeof value.toJSON === 'function') || value instanceof Error || ArrayBuffer.isView(value)
  );
}

function membersOf(value: object): [key: string, member: unknown][] {
  if (value instanceof Set) return Object.entries([...value]);
  if (value instanceof Map) return [...value].map(([key, member]) => [String(key), member]);
  return Object.entries(value);
}
