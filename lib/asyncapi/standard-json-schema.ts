import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ConfigurationError, wireSchemaOf } from '../internal.js';
import type { JsonSchema } from './document.js';

/**
 * Converter of the schemas of a library that does not do it itself, as zod and ArkType do. Returns JSON Schema of draft 7 for
 * the input of a schema, which is on the wire, or undefined for a schema that it does not know.
 */
export type ToJsonSchema = (
  schema: StandardSchemaV1,
  about: {
    /** Name of the schema's library, such as `valibot`. */
    readonly vendor: string;
  },
) => object | undefined;

/**
 * Returns the JSON Schema of a Standard Schema; undefined where its library has none and no converter knows it.
 * @throws ConfigurationError for a converter that returns something else
 */
export function jsonSchemaOf(schema: StandardSchemaV1, toJsonSchema: ToJsonSchema | undefined): JsonSchema | undefined {
  const { vendor } = schema['~standard'];
  const given = toJsonSchema?.(schema, { vendor }) ?? wireSchemaOf(schema, 'draft-07');
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ConfigurationError('toJsonSchema: expected it to return an object, or undefined');
  return withoutDialect(given);
}

/** Returns a schema whose references to parts of itself are to its place in the document. */
export function rebased(schema: JsonSchema, pointer: string): JsonSchema {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) =>
        key === '$ref' && typeof item === 'string' && item.startsWith('#')
          ? [key, pointer + item.slice(1)]
          : [key, visit(item)],
      ),
    );
  };
  return visit(schema) as JsonSchema;
}

/** Returns a schema without its dialect, which the document says once. */
export function withoutDialect(schema: object): JsonSchema {
  const { $schema: _, '~standard': __, ...rest } = schema as Record<string, unknown>;
  return rest;
}
