import type { JsonSchema } from '../../protocol.js';

/** Schema that is an object. */
type Schema = Exclude<JsonSchema, boolean>;

/** Input that a schema is filled in with. `json`: a text area for any JSON. */
export type Shape =
  | { readonly kind: 'text' | 'boolean' | 'json' }
  | {
      readonly kind: 'number';
      readonly isInteger: boolean;
      readonly min: number | undefined;
      readonly max: number | undefined;
    }
  | { readonly kind: 'choice'; readonly values: readonly unknown[] }
  | { readonly kind: 'object'; readonly properties: readonly Property[] };

/** Property of an object. */
export interface Property {
  readonly name: string;
  readonly isRequired: boolean;
  /** Type in words, such as `integer` or `array of string`. */
  readonly type: string;
  readonly doc: string | undefined;
  readonly shape: Shape;
}

/** Depth from which objects are filled in as JSON. */
const MAX_DEPTH = 3;
/** Number of properties from which objects are filled in as JSON. */
const MAX_PROPERTIES = 60;
/** Number of values from which a choice is a text. */
const MAX_VALUES = 100;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the properties of a schema of arguments; undefined where it names none. */
export function propertiesOf(schema: JsonSchema | null): readonly Property[] | undefined {
  const shape = shapeOf(schema ?? true, 0);
  return shape.kind === 'object' ? shape.properties : undefined;
}

/** Returns the names of arguments, as in `a, b?`; `…` where nothing is known. */
export function signatureOf(schema: JsonSchema | null): string {
  const properties = propertiesOf(schema);
  if (!properties) return isSchema(schema) && schema['properties'] ? '' : '…';
  return properties.map(({ name, isRequired }) => `${name}${isRequired ? '' : '?'}`).join(', ');
}

function shapeOf(given: unknown, depth: number): Shape {
  if (!isSchema(given)) return { kind: 'json' };
  const schema = withoutNull(given);
  const { enum: values, const: constant, type } = schema as Record<string, unknown>;
  if ('const' in schema) return { kind: 'choice', values: [constant] };
  if (Array.isArray(values) && values.length > 0 && values.length <= MAX_VALUES) return { kind: 'choice', values };
  if (type === 'string') return { kind: 'text' };
  if (type === 'boolean') return { kind: 'boolean' };
  if (type === 'number' || type === 'integer')
    return {
      kind: 'number',
      isInteger: type === 'integer',
      min: numberOf(schema['minimum']),
      max: numberOf(schema['maximum']),
    };
  return objectShape(schema, depth) ?? { kind: 'json' };
}

function objectShape(schema: Schema, depth: number): Shape | undefined {
  const { properties } = schema;
  if (!isSchema(properties) || depth >= MAX_DEPTH) return undefined;
  const entries = Object.entries(properties);
  if (entries.length > MAX_PROPERTIES || (depth > 0 && entries.length === 0)) return undefined;
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return {
    kind: 'object',
    properties: entries.map(([name, property]) => ({
      name,
      isRequired: required.includes(name),
      type: typeOf(property),
      doc: isSchema(property) && typeof property['description'] === 'string' ? property['description'] : undefined,
      shape: shapeOf(property, depth + 1),
    })),
  };
}

/** Returns the one alternative beside null, where there is just one. */
function withoutNull(schema: Schema): Schema {
  const { type } = schema;
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== 'null');
    return others.length === 1 ? { ...schema, type: others[0] } : schema;
  }
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(alternatives)) return schema;
  const others = alternatives.filter((one) => isSchema(one) && one['type'] !== 'null');
  return others.length === 1 && isSchema(others[0]) ? withoutNull(others[0]) : schema;
}

/** Returns a type in words. */
export function typeOf(schema: unknown): string {
  if (!isSchema(schema)) return 'any';
  const { type, items } = schema;
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(alternatives)) return [...new Set(alternatives.slice(0, 5).map(typeOf))].join(' or ');
  if (Array.isArray(type)) return type.filter((one) => typeof one === 'string').join(' or ');
  if (type === 'array') return isSchema(items) ? `array of ${typeOf(items)}` : 'array';
  if (typeof type === 'string') return typeof schema['format'] === 'string' ? `${type} (${schema['format']})` : type;
  return Array.isArray(schema['enum']) ? `one of ${schema['enum'].length}` : 'any';
}

const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined);
