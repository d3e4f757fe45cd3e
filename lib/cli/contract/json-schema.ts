import { createRequire } from 'node:module';

/** Draft that schema libraries are asked for. */
const DRAFT = 'draft-2020-12';

/** Form of the JSON Schema extension of Standard Schema. */
interface Standard {
  readonly vendor?: unknown;
  readonly jsonSchema?: { readonly input?: unknown; readonly output?: unknown };
}

/**
 * Returns the JSON Schema of a schema as its library gives it: by Standard Schema's `jsonSchema`, a method `toJSONSchema`, or
 * zod's function of that name. Undefined where there is none, or for a schema that JSON Schema cannot express.
 * @param module file that the schema comes from: zod is looked up from there
 */
export function jsonSchemaOf(schema: unknown, side: 'input' | 'output', module: string): unknown {
  if (!isObject(schema)) return undefined;
  const standard = schema['~standard'] as Standard | undefined;
  for (const make of [
    () => called(standard?.jsonSchema?.[side], standard?.jsonSchema, { target: DRAFT }),
    () => called(schema['toJSONSchema'], schema, { target: DRAFT, io: side }),
    () =>
      standard?.vendor === 'zod' ? called(zodOf(module), undefined, schema, { target: DRAFT, io: side }) : undefined,
  ]) {
    try {
      const made = make();
      if (isObject(made)) return made;
    } catch {
      // A date or a transformation has no JSON Schema: the next way, or none.
    }
  }
  return undefined;
}

function called(method: unknown, self: unknown, ...args: unknown[]): unknown {
  return typeof method === 'function' ? Reflect.apply(method, self, args) : undefined;
}

function zodOf(module: string): unknown {
  const zod: unknown = createRequire(module)('zod');
  return isObject(zod)
    ? (zod['toJSONSchema'] ?? (isObject(zod['z']) ? zod['z']['toJSONSchema'] : undefined))
    : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}
