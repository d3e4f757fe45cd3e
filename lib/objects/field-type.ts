import { isSecretName } from '../core/secret-names.js';
import { InvalidFieldValue } from './errors.js';

/** Writes and reads the objects inside a field. */
export interface ObjectCodec {
  write(object: object): unknown;
  /** Gives back what is no object. */
  read(primitive: unknown): unknown;
}

/** Where a value is: which field of which object, and how nested objects are converted there. */
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

/** A value for an error's message: short, and without the contents of objects or secrets. */
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

/** Returns what stands for an object in a mark. */
export type MarkObject = (object: object) => string;

/** How one kind of value is converted. What gives undefined is not taken. */
export interface FieldKind<T> {
  /** What it takes, for messages: "an integer". Asked for only then: classes may be declared later. */
  allowed(): string;
  /** The primitive of a value, which is coerced where nothing is lost by it. */
  write(value: unknown, at: FieldPlace): unknown;
  read(primitive: unknown, at: FieldPlace): T | undefined;
  /** Returns what to remember of a value to see later whether it is another one. */
  mark(value: unknown, markObject: MarkObject): unknown;
}

interface Modifiers {
  readonly nullable: boolean;
  readonly readOnly: boolean;
  readonly makeDefault: (() => unknown) | undefined;
}

/** The type of a versioned field, as `fields` makes it. Immutable. Source: oslo_versionedobjects.fields.Field. */
export class FieldType<T> {
  private constructor(
    private readonly kind: FieldKind<unknown>,
    private readonly modifiers: Modifiers,
  ) {}

  /** @internal */
  static of<T>(kind: FieldKind<T>): FieldType<T> {
    return new FieldType<T>(kind, { nullable: false, readOnly: false, makeDefault: undefined });
  }

  /** Takes null as well. */
  nullable(): FieldType<T | null> {
    return new FieldType<T | null>(this.kind, { ...this.modifiers, nullable: true });
  }

  /** What null stands for where the field is not nullable, and what `objSetDefaults` sets. Give a function for what can be changed in place. */
  default(value: T | (() => T)): FieldType<T> {
    const makeDefault = typeof value === 'function' ? (value as () => T) : () => value;
    return new FieldType<T>(this.kind, { ...this.modifiers, makeDefault });
  }

  /** An object that came with a value is not sent with another one. */
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

  private taken<V>(given: unknown, converted: V | undefined, at: FieldPlace): V {
    if (converted === undefined) throw at.refuse(given, this.allowed());
    return converted;
  }
}
