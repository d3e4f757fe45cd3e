import type { JsonSchema } from './document.js';
import type { SchemaBook } from './schema-book.js';

/** Depth at which a sample of a recursive schema is given up. */
const MAX_DEPTH = 8;
/** Keywords that no sample is made for. */
const HARD = ['not', 'if', 'dependencies', 'multipleOf', 'contains', 'propertyNames', 'uniqueItems'];
const FORMATS: Readonly<Record<string, string>> = {
  uuid: '3f1c9e0a-5b7d-4c2e-9a41-6d8f0b2c7e15',
  email: 'user@example.com',
  uri: 'https://example.com/',
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
};

/** Returns a value that a schema allows; undefined where none is found without search. The same schema has the same sample. */
export function sampleOf(schema: JsonSchema, book: SchemaBook, depth = 0): unknown {
  if (depth > MAX_DEPTH || schema === false) return undefined;
  if (schema === true) return 'anything';
  const resolved = book.resolve(schema);
  if (resolved !== schema) return sampleOf(resolved, book, depth + 1);
  if ('$ref' in schema) return undefined;
  if ('const' in schema) return schema['const'];
  if ('default' in schema) return schema['default'];
  for (const keyword of ['examples', 'enum']) if (Array.isArray(schema[keyword])) return schema[keyword][0] as unknown;
  if (HARD.some((keyword) => keyword in schema)) return undefined;
  for (const keyword of ['oneOf', 'anyOf', 'allOf']) {
    const alternatives = schema[keyword];
    if (!Array.isArray(alternatives)) continue;
    if (keyword === 'allOf' && (alternatives.length > 1 || 'type' in schema)) return undefined;
    return sampleOf(alternatives[0] as JsonSchema, book, depth + 1);
  }
  const { type } = schema;
  return byType(Array.isArray(type) ? type[0] : type, schema, book, depth);
}

function byType(type: unknown, schema: Exclude<JsonSchema, boolean>, book: SchemaBook, depth: number): unknown {
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
    case 'number':
      return number(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return list(schema, book, depth);
    case 'object':
      return members(schema, book, depth);
    default:
      return Object.keys(schema).every((key) => key === 'description' || key === 'title') ? 'anything' : undefined;
  }
}

function text(schema: Readonly<Record<string, unknown>>): string | undefined {
  const { format, pattern, minLength = 0, maxLength = 100 } = schema;
  const candidate =
    typeof format === 'string' ? FORMATS[format] : 'text'.padEnd(Number(minLength), '.').slice(0, Number(maxLength));
  if (candidate === undefined || typeof pattern !== 'string') return candidate;
  return matches(pattern, candidate) ? candidate : undefined;
}

function matches(pattern: string, candidate: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(candidate);
  } catch {
    return false;
  }
}

function number({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Readonly<Record<string, unknown>>) {
  const least = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : Number(minimum ?? 1);
  const one = Math.max(1, Math.ceil(least));
  const most = Math.min(Number(maximum ?? one), typeof exclusiveMaximum === 'number' ? exclusiveMaximum - 1 : one);
  return Math.max(Math.min(one, Math.floor(most)), least === 1 ? Number.NEGATIVE_INFINITY : least);
}

function list({ items, minItems = 0 }: Readonly<Record<string, unknown>>, book: SchemaBook, depth: number) {
  if (Array.isArray(items)) return undefined;
  const item = items === undefined ? 'anything' : sampleOf(items as JsonSchema, book, depth + 1);
  if (item === undefined) return minItems === 0 ? [] : undefined;
  return Array.from({ length: Math.max(1, Number(minItems)) }, () => item);
}

function members(schema: Readonly<Record<string, unknown>>, book: SchemaBook, depth: number): object | undefined {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  const required = new Set((schema['required'] ?? []) as string[]);
  if ([...required].some((name) => !Object.hasOwn(properties, name))) return undefined;
  const entries = Object.entries(properties).map(([name, one]) => [name, sampleOf(one, book, depth + 1)] as const);
  const known = entries.filter(([, value]) => value !== undefined);
  const complete = entries.every(([name, value]) => value !== undefined || !required.has(name));
  return complete ? Object.fromEntries(known) : undefined;
}
