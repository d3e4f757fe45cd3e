import { definitionOfClass, type ObjectClass } from '../internal.js';
import type { JsonSchema } from './document.js';
import { dtoSchema, isDto } from './dto-schema.js';
import type { SchemaBook } from './schema-book.js';

/** Form of versioned objects on the wire; undefined where no serializer converts them. */
export type ObjectSpelling = { readonly namespace: string; readonly prefix: string } | undefined;

const PRIMITIVES = new Map<unknown, JsonSchema>([
  [String, { type: 'string' }],
  [Number, { type: 'number' }],
  [Boolean, { type: 'boolean' }],
  [BigInt, { type: 'integer' }],
  [Array, { type: 'array' }],
  [Date, { type: 'string', description: 'Date and time' }],
]);

/** Returns the schemas of classes that the compiler emits for parameters and properties. */
export class ClassSchemas {
  constructor(
    private readonly book: SchemaBook,
    private readonly spelling: ObjectSpelling,
  ) {}

  /** Returns the schema of a class; `true` where nothing is known. */
  of(type: unknown): JsonSchema {
    const primitive = PRIMITIVES.get(type);
    if (primitive !== undefined) return primitive;
    if (typeof type !== 'function' || type === Object || type === Function || type === Promise) return true;
    if (definitionOfClass(type as ObjectClass)) return this.object(type as ObjectClass);
    if (!isDto(type)) return { type: 'object', title: type.name };
    return this.book.reference(type, type.name, () => dtoSchema(type, (inner) => this.of(inner)));
  }

  private object(objectClass: ObjectClass): JsonSchema {
    const definition = definitionOfClass(objectClass);
    if (!definition) return true;
    const { name, version, namespace, fields } = definition;
    return this.book.reference(definition, name, () => {
      const ofClass = (inner: ObjectClass) => this.object(inner) as Readonly<Record<string, unknown>>;
      const { spelling } = this;
      const properties = Object.fromEntries(
        fields.map(({ name: wire, property, type }) => [spelling ? wire : property, type.jsonSchema(ofClass)]),
      );
      const data = { type: 'object', properties };
      const title = `${name} ${version}`;
      if (!spelling) return { title, description: `Versioned object ${title}`, ...data };
      const key = (member: string) => `${spelling.prefix}.${member}`;
      return {
        title,
        description: `Versioned object ${title}, as oslo.versionedobjects writes it`,
        type: 'object',
        required: [key('name'), key('namespace'), key('version'), key('data')],
        properties: {
          [key('name')]: { const: name },
          [key('namespace')]: { const: namespace ?? spelling.namespace },
          [key('version')]: { type: 'string', description: `\`${version}\`, or another one that can be converted` },
          [key('data')]: data,
          [key('changes')]: { type: 'array', items: { type: 'string' }, description: 'Names of the changed fields' },
        },
      };
    });
  }
}
