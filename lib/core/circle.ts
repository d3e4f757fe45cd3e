/** Maximum depth that is searched. */
const MAX_DEPTH = 1000;

/**
 * Describes a part of a value that refers to an object which holds it: `args.b.c refers back to args`.
 * Returns undefined where there is none.
 */
export function circleIn(value: unknown): string | undefined {
  return search(value, { path: [], holders: [], finished: new Set() });
}

interface Search {
  /** Keys of the current place. */
  readonly path: string[];
  /** Objects that hold the current place, the outermost first. */
  readonly holders: object[];
  /** Objects that are known to be without a circle. */
  readonly finished: Set<object>;
}

function search(value: unknown, state: Search): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { path, holders, finished } = state;
  const holder = holders.indexOf(value);
  if (holder >= 0)
    return `${path.join('.')} refers back to ${path.slice(0, holder).join('.') || 'the value that holds it'}`;
  if (finished.has(value) || path.length > MAX_DEPTH) return undefined;
  holders.push(value);
  for (const [key, member] of membersOf(value)) {
    path.push(key);
    const found = search(member, state);
    if (found !== undefined) return found;
    path.pop();
  }
  holders.pop();
  finished.add(value);
  return undefined;
}

function membersOf(value: object): [key: string, member: unknown][] {
  if (value instanceof Set) return Object.entries([...value]);
  if (value instanceof Map) return [...value].map(([key, member]) => [String(key), member]);
  return Object.entries(value);
}
