/** Keywords of JSON Schema that describe no type. */
const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
]);

/**
 * Tells whether two types are the same as far as is known: by their JSON Schemas where both have one, else by their types in
 * TypeScript. A type that is unknown on one side equals all others.
 */
export function sameSchema(old: unknown, current: unknown, oldType?: string, currentType?: string): boolean {
  if (old !== undefined && current !== undefined) return canonical(old) === canonical(current);
  if (oldType === undefined || currentType === undefined) return true;
  return oldType === currentType || oldType === 'unknown' || currentType === 'unknown';
}

/** Returns the schemas of the properties that a JSON Schema of an object has. */
export function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const { properties } = (schema ?? {}) as { properties?: Record<string, unknown> };
  return typeof properties === 'object' ? properties : undefined;
}

/** Returns a schema as text that does not depend on the order of keys. */
function canonical(schema: unknown): string {
  return JSON.stringify(schema, (key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return key === 'required' || key === 'enum' ? [...value].sort() : value;
    const isNames = key === 'properties' || key === '$defs';
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => isNames || !ANNOTATIONS.has(name))
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  });
}
