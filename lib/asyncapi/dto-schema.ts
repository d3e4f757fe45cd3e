import type { JsonSchema } from './document.js';

/** Metadata keys of `@nestjs/swagger`, on the prototype. */
const SWAGGER_NAMES = 'swagger/apiModelPropertiesArray';
const SWAGGER_PROPERTY = 'swagger/apiModelProperties';
/** Static method that the compiler plugin of `@nestjs/swagger` adds: metadata of the properties without a decorator. */
const SWAGGER_FACTORY = '_OPENAPI_METADATA_FACTORY';
/** Metadata key of the type that the compiler emits for a decorated property. */
const TYPE = 'design:type';

/** Rule of class-validator for one property. */
interface ValidationMetadata {
  readonly propertyName: string;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly constraints?: readonly unknown[] | undefined;
  readonly each?: boolean | undefined;
}

interface ValidationStorage {
  getTargetValidationMetadatas(
    target: unknown,
    schema: string,
    always: boolean,
    strictGroups: boolean,
  ): readonly ValidationMetadata[];
}

/** Returns the schema of a property's class. */
export type SchemaOf = (type: unknown) => JsonSchema;

/** Returns true for a class with metadata of `@nestjs/swagger` or class-validator. Neither is loaded. */
export function isDto(type: { readonly prototype: object }): boolean {
  if (typeof type.prototype !== 'object' || type.prototype === null) return false;
  return swaggerProperties(type).size > 0 || validatorsOf(type).length > 0;
}

/** Returns the schema of a class of {@link isDto}. */
export function dtoSchema(dto: { readonly prototype: object }, schemaOf: SchemaOf): JsonSchema {
  const properties = new Map<string, Record<string, unknown>>();
  const required = new Set<string>();
  readValidators(dto, schemaOf, properties, required);
  readSwagger(dto, schemaOf, properties, required);
  return {
    type: 'object',
    ...(required.size > 0 && { required: [...required] }),
    properties: Object.fromEntries(properties),
  };
}

type Properties = Map<string, Record<string, unknown>>;

/** Keywords of the validators that have an exact counterpart, by name. */
const KEYWORDS: Readonly<Record<string, (constraints: readonly unknown[]) => Record<string, unknown>>> = {
  isString: () => ({ type: 'string' }),
  isNumber: () => ({ type: 'number' }),
  isInt: () => ({ type: 'integer' }),
  isBoolean: () => ({ type: 'boolean' }),
  isArray: () => ({ type: 'array' }),
  isObject: () => ({ type: 'object' }),
  isUuid: () => ({ type: 'string', format: 'uuid' }),
  isEmail: () => ({ type: 'string', format: 'email' }),
  isDateString: () => ({ type: 'string', description: 'Date and time of ISO 8601' }),
  isNotEmpty: () => ({}),
  min: ([minimum]) => ({ minimum }),
  max: ([maximum]) => ({ maximum }),
  minLength: ([minLength]) => ({ minLength }),
  maxLength: ([maxLength]) => ({ maxLength }),
  isLength: ([minLength, maxLength]) => ({ minLength, ...(maxLength !== undefined && { maxLength }) }),
  arrayMinSize: ([minItems]) => ({ minItems }),
  arrayMaxSize: ([maxItems]) => ({ maxItems }),
  isIn: ([values]) => ({ enum: values }),
  isEnum: ([, values]) => ({ enum: values }),
};

function readValidators(
  dto: { readonly prototype: object },
  schemaOf: SchemaOf,
  properties: Properties,
  required: Set<string>,
): void {
  const optional = new Set<string>();
  for (const { propertyName, name, type, constraints = [], each } of validatorsOf(dto)) {
    const known = properties.get(propertyName) ?? typeOf(dto, propertyName, schemaOf);
    properties.set(propertyName, known);
    if (type === 'conditionalValidation') optional.add(propertyName);
    const keywords = name === undefined ? undefined : KEYWORDS[name]?.(constraints);
    if (!keywords) continue;
    properties.set(propertyName, each ? withItems(known, keywords) : { ...withoutReference(known), ...keywords });
  }
  for (const name of properties.keys()) if (!optional.has(name)) required.add(name);
}

function validatorsOf(dto: object): readonly ValidationMetadata[] {
  // class-validator keeps its storage there, so that several copies of it share one.
  const storage = Reflect.get(globalThis, 'classValidatorMetadataStorage') as ValidationStorage | undefined;
  return storage?.getTargetValidationMetadatas(dto, '', false, false) ?? [];
}

function withItems(known: Record<string, unknown>, keywords: object): Record<string, unknown> {
  return { ...known, type: 'array', items: { ...(known['items'] as object | undefined), ...keywords } };
}

/** In draft 7, nothing counts beside a reference. */
function withoutReference(schema: Record<string, unknown>): Record<string, unknown> {
  return '$ref' in schema ? { allOf: [schema] } : schema;
}

function typeOf(dto: { readonly prototype: object }, property: string, schemaOf: SchemaOf): Record<string, unknown> {
  const schema = schemaOf(Reflect.getMetadata(TYPE, dto.prototype, property));
  return typeof schema === 'boolean' ? {} : { ...schema };
}

/** Keywords of `@ApiProperty` that mean the same in JSON Schema. */
const COPIED = [
  'description',
  'format',
  'enum',
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
  'deprecated',
] as const;

function readSwagger(
  dto: { readonly prototype: object },
  schemaOf: SchemaOf,
  properties: Properties,
  required: Set<string>,
): void {
  for (const [name, given] of swaggerProperties(dto)) {
    const own = swaggerType(given, schemaOf) ?? typeOf(dto, name, schemaOf);
    const copied = COPIED.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]] as const]));
    const known = properties.get(name);
    properties.set(name, { ...withoutReference(own), ...known, ...Object.fromEntries(copied) });
    if (given['required'] === false) required.delete(name);
    else required.add(name);
  }
}

function swaggerProperties(dto: { readonly prototype: object }): Map<string, Record<string, unknown>> {
  const factory: unknown = Reflect.get(dto, SWAGGER_FACTORY);
  const made = typeof factory === 'function' ? (Reflect.apply(factory, dto, []) as Record<string, object>) : {};
  const properties = new Map<string, Record<string, unknown>>(
    Object.entries(made).map(([name, given]) => [name, { ...given }]),
  );
  const names = (Reflect.getMetadata(SWAGGER_NAMES, dto.prototype) ?? []) as string[];
  for (const name of names.map((marked) => marked.replace(/^:/, ''))) {
    const given = (Reflect.getMetadata(SWAGGER_PROPERTY, dto.prototype, name) ?? {}) as object;
    properties.set(name, { ...properties.get(name), ...given });
  }
  return properties;
}

function swaggerType({ type, isArray }: Record<string, unknown>, schemaOf: SchemaOf) {
  const one =
    typeof type === 'string'
      ? { type }
      : // A function without a name returns the class, which is declared later.
        schemaOf(typeof type === 'function' && !Object.hasOwn(type, 'prototype') ? (type as () => unknown)() : type);
  const schema = typeof one === 'boolean' ? {} : { ...one };
  if (isArray === true) return { type: 'array', items: schema };
  return type === undefined ? undefined : schema;
}
