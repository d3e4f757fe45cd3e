/** String-keyed object, as JSON has it. */
export type Dict = Record<string, unknown>;

/** Returns true for an object that is neither null nor an array. */
export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Type of a JSON value with its article, for error messages: "a string", "an array", "null". */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
