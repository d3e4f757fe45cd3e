import { isSecretName } from '../core/secret-names.js';
import { sharedClass } from '../core/shared.js';
import { InvalidFieldValue } from './errors.js';

/** Converts the objects inside a field. */
export interface ObjectCodec {
  write(object: object): unknown;
  /** Returns a primitive that is no object unchanged. */
  read(primitive: unknown): unknown;
}

/** Place of a value: a field of an object, with the codec of nested objects. */
export class FieldPlace {
  constructor(
    readonly objname: string,
    readonly field: string,
    readonly codec: ObjectCodec,
  ) {}

  element(key: string | number): FieldPlace {
    return new FieldPlace(
      this.objname,
      `${this.field}[${typeof key === 'number' ? key : JSON.stringify(key)}]`,
      this.codec,
    );
  }

  refuse(given: unknown, allowed: string): InvalidFieldValue {
    return new InvalidFieldValue(this.objname, this.field, show(given, this.field), allowed);
  }
}

/** Returns a value for an error's message: short, and without the contents of objects or secrets. */
function show(value: unknown, field: string): string {
  if (isSecretName(field)) return value === null ? 'null' : `a value of type ${typeof value}`;
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  }
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) {
    const name = value.constructor?.name ?? 'Object';
    return name === 'Object' ? 'an object' : `a ${name}`;
  }
  return typeof value === 'string' || typeof value === 'function' ? `a ${typeof value}` : String(value);
}

/** Returns the text that stands for an object in a mark. */
export type MarkObject = (object: object) => string;

/** JSON Schema of a value. */
export type FieldSchema = Readonly<Record<string, unknown>>;
/** Returns the schema of the objects of a class. */
export type SchemaOfClass = (objectClass: new () => object) => FieldSchema;

/** Conversion of one kind of value. A conversion that returns undefined refuses the value. */
export interface FieldKind<T> {
  /** Returns a description of the accepted values, for errors: "an integer". Called late, since classes may be declared later. */
  allowed(): string;
  /** Returns the primitive of a value. A value is coerced where nothing is lost. */
  write(value: unknown, at: FieldPlace): unknown;
  read(primitive: unknown, at: FieldPlace): T | undefined;
  /** Returns a mark of a value, to see later if it has changed. */
  mark(value: unknown, markObject: MarkObject): unknown;
  /** Returns the JSON Schema of the primitives. Called late, since classes may be declared later. */
  schema(ofClass: SchemaOfClass): FieldSchema;
}

interface Modifiers {
  readonly nullable: boolean;
  readonly readOnly: boolean;
  readonly makeDefault: (() => unknown) | undefined;
}

/** Type of a versioned field, as `fields` makes it. Immutable. Source: oslo_versionedobjects.fields.Field. */
@sharedClass('FieldType')
export class FieldType<T> {
  private constructor(
    private readonly kind: FieldKind<unknown>,
    private readonly modifiers: Modifiers,
  ) {}

  /** @internal */
  static of<T>(kind: FieldKind<T>): FieldType<T> {
    return new FieldType<T>(kind, { nullable: false, readOnly: false, makeDefault: undefined });
  }

  /** Returns a type that also accepts null. */
  nullable(): FieldType<T | null> {
    return new FieldType<T | null>(this.kind, { ...this.modifiers, nullable: true });
  }

  /**
   * Returns a type with a default, for null in a field that is not nullable, and for `objSetDefaults`.
   * @param value the default, or a function that makes one for each object: for values that can be changed in place
   */
  default(value: T | (() => T)): FieldType<T> {
    const makeDefault = typeof value === 'function' ? (value as () => T) : () => value;
    return new FieldType<T>(this.kind, { ...this.modifiers, makeDefault });
  }

  /** Returns a type whose value on the wire must not be overwritten. Sending throws ReadOnlyFieldError then. */
  readOnly(): FieldType<T> {
    return new FieldType<T>(this.kind, { ...this.modifiers, readOnly: true });
  }

  /** @internal */
  get isReadOnly(): boolean {
    return this.modifiers.readOnly;
  }

  /** @internal */
  get makeDefault(): (() => T) | undefined {
    return this.modifiers.makeDefault as (() => T) | undefined;
  }

  /** @internal */
  allowed(): string {
    return this.modifiers.nullable ? `${this.kind.allowed()} or null` : this.kind.allowed();
  }

  /** @internal @throws InvalidFieldValue */
  write(value: unknown, at: FieldPlace): unknown {
    if (value === null && this.modifiers.nullable) return null;
    const given = value ?? this.makeDefault?.() ?? null;
    return this.taken(given, given === null ? undefined : this.kind.write(given, at), at);
  }

  /** @internal @throws InvalidFieldValue */
  read(primitive: unknown, at: FieldPlace): T {
    if (primitive === null && this.modifiers.nullable) return null as T;
    if (primitive === null) return this.taken(null, this.makeDefault?.(), at);
    return this.taken(primitive, this.kind.read(primitive, at) as T | undefined, at);
  }

  /** @internal */
  mark(value: unknown, markObject: MarkObject): unknown {
    return value === null || value === undefined ? value : this.kind.mark(value, markObject);
  }

  /** @internal Returns the JSON Schema of the field's primitives. @param ofClass returns the schema of nested objects */
  jsonSchema(ofClass: SchemaOfClass): FieldSchema {
    const own = this.kind.schema(ofClass);
    if (!this.modifiers.nullable || Object.keys(own).length === 0) return own;
    if (typeof own['type'] !== 'string') return { oneOf: [own, { type: 'null' }] };
    const { enum: values } = own;
    return { ...own, type: [own['type'], 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) };
  }

  private taken<V>(given: unknown, converted: V | undefined, at: FieldPlace): V {
    if (converted === undefined) throw at.refuse(given, this.allowed());
    return converted;
  }
}
