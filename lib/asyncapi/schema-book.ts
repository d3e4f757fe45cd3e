import type { AsyncApiReference, JsonSchema } from './document.js';
import { Names, sorted } from './names.js';

/** Schemas of a document, each under its name. */
export class SchemaBook {
  private readonly names = new Names();
  private readonly schemas = new Map<string, JsonSchema>();
  private readonly references = new Map<unknown, AsyncApiReference>();

  /**
   * Returns the reference to a schema. It is made on first use of its owner, so that it can refer to itself.
   * @param owner thing that the schema is of, such as a class
   * @param make makes the schema, for its own JSON pointer
   */
  reference(owner: unknown, name: string, make: (pointer: string) => JsonSchema): AsyncApiReference {
    const known = this.references.get(owner);
    if (known) return known;
    const unique = this.names.of(name, owner);
    const reference = { $ref: `#/components/schemas/${unique}` };
    this.references.set(owner, reference);
    // Reserves the place: a schema that refers to itself finds the reference.
    this.schemas.set(unique, true);
    this.schemas.set(unique, make(reference.$ref));
    return reference;
  }

  /** Returns the schema of a reference; any other schema unchanged. */
  resolve(schema: JsonSchema): JsonSchema {
    if (typeof schema === 'boolean' || typeof schema['$ref'] !== 'string') return schema;
    return this.schemas.get(schema['$ref'].slice('#/components/schemas/'.length)) ?? schema;
  }

  /** Returns all schemas, ordered by name. */
  all(): Record<string, JsonSchema> {
    return sorted(this.schemas);
  }
}
