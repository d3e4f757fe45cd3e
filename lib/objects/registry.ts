import { ConfigurationError } from '../core/errors.js';
import { checkOptions, text } from '../core/option-rules.js';
import { shared } from '../core/shared.js';
import { checkVersion, compareVersions, versionIsCompatible } from '../core/version.js';
import { IncompatibleObjectVersion, UnsupportedObjectError } from './errors.js';
import { FieldType } from './field-type.js';

/** Class of versioned objects. An object is made without arguments, then its fields are set. */
export type ObjectClass<T extends object = object> = new () => T;

/** Options of `@VersionedObject`. */
export interface VersionedObjectOptions {
  /** Name of the object on the wire. @default the name of the class */
  name?: string | undefined;
  /** Version: `major.minor[.revision]`. Raise the minor version for a new field, the major version for an incompatible change. */
  version: string;
  /** Namespace of the serializers that know the object. @default any */
  namespace?: string | undefined;
}

/** Options of `@VersionedField`. */
export interface VersionedFieldOptions {
  /** Name of the field on the wire. @default the name of the property */
  name?: string | undefined;
}

/** One field of a class. */
export interface FieldDefinition {
  /** Name on the wire. */
  readonly name: string;
  readonly property: string;
  readonly type: FieldType<unknown>;
}

/** Registration of a class. */
export interface ObjectDefinition {
  readonly objectClass: ObjectClass;
  readonly name: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly fields: readonly FieldDefinition[];
}

/** Fields that a class itself declares, by property. */
const declared = shared('declared fields', () => new WeakMap<object, Map<string, FieldDefinition>>());
const definitions = shared('object definitions', () => new WeakMap<object, ObjectDefinition>());
/** Definitions by name and namespace (`undefined` is any), the newest version first. */
const registry = shared('object registry', () => new Map<string, Map<string | undefined, ObjectDefinition[]>>());

/** Values of a field type without `bigint`, for properties whose integers fit a `number`. */
export type WithoutBigint<T> = unknown extends T
  ? T
  : T extends bigint
    ? never
    : T extends readonly (infer E)[]
      ? WithoutBigint<E>[]
      : T extends ReadonlySet<infer E>
        ? Set<WithoutBigint<E>>
        : T extends object
          ? string extends keyof T
            ? { [K in keyof T]: WithoutBigint<T[K]> }
            : T
          : T;

/** Name of a property that can hold the field's values; for any other property the type that it must have. */
export type VersionedProperty<T, V, K> = unknown extends T
  ? K
  : [T] extends [V]
    ? K
    : [WithoutBigint<T>] extends [V]
      ? K
      : { readonly 'the property must be of the type': T };

/** Decorator of a property that holds `T`. */
export type VersionedFieldDecorator<T> = <O extends { [P in K]?: T | undefined }, K extends string>(
  prototype: O,
  property: K & VersionedProperty<T, O[K], K>,
) => void;

/**
 * Decorates a property as a field of a versioned object. The property must be able to hold the values of the type.
 * @throws ConfigurationError for an unknown or ill-typed option, or a type that is not one of `fields`
 */
export function VersionedField<T>(type: FieldType<T>, options: VersionedFieldOptions = {}): VersionedFieldDecorator<T> {
  checkOptions(options, { name: text }, '', '@VersionedField option');
  if (!(type instanceof FieldType))
    throw new ConfigurationError('@VersionedField: expected a type of fields, such as fields.string()');
  return (prototype: object, property: string): void => {
    const own = declared.get(prototype) ?? new Map<string, FieldDefinition>();
    declared.set(prototype, own.set(property, { name: options.name ?? property, property, type }));
  };
}

/**
 * Decorates a class as versioned objects and registers it, so that its objects can be sent and built. A class replaces an
 * earlier one of the same name and version. Other versions stay registered.
 * @throws ConfigurationError for an unknown or ill-typed option, InvalidVersion
 */
export function VersionedObject(options: VersionedObjectOptions): (objectClass: ObjectClass) => void {
  checkOptions(options, { name: text, version: text, namespace: text }, '', '@VersionedObject option');
  const { name, version, namespace } = options;
  return (objectClass: ObjectClass): void => {
    const definition = {
      objectClass,
      name: name ?? objectClass.name,
      version,
      namespace,
      fields: fieldsOf(objectClass),
    };
    checkVersion(version);
    if (definition.name === '')
      throw new ConfigurationError('@VersionedObject: a class without a name needs the option "name"');
    definitions.set(objectClass.prototype, definition);
    const namespaces = registry.get(definition.name) ?? new Map<string | undefined, ObjectDefinition[]>();
    registry.set(definition.name, namespaces);
    const versions = (namespaces.get(namespace) ?? []).filter((other) => other.version !== version);
    namespaces.set(
      namespace,
      [...versions, definition].sort((a, b) => compareVersions(b.version, a.version)),
    );
  };
}

/** Returns the fields of a class and of its base classes. The nearest one wins among fields of one property or name. */
function fieldsOf(objectClass: ObjectClass): FieldDefinition[] {
  const found: FieldDefinition[] = [];
  for (let level: object | null = objectClass.prototype; level; level = Object.getPrototypeOf(level)) {
    for (const field of declared.get(level)?.values() ?? []) {
      if (!found.some(({ name, property }) => name === field.name || property === field.property)) found.push(field);
    }
  }
  return found;
}

/** Returns the definition of a class, or of its nearest registered base class. */
export function definitionOfClass(objectClass: ObjectClass): ObjectDefinition | undefined {
  return definitionAt(objectClass.prototype);
}

/** Returns the definition of an object's class. */
export function definitionOf(object: object): ObjectDefinition | undefined {
  return definitionAt(Object.getPrototypeOf(object));
}

function definitionAt(prototype: object | null): ObjectDefinition | undefined {
  for (let level = prototype; level; level = Object.getPrototypeOf(level)) {
    const definition = definitions.get(level);
    if (definition) return definition;
  }
  return undefined;
}

/**
 * Returns the definition for an object from the wire: the one of its version, else the newest one that can read it.
 * @throws UnsupportedObjectError, IncompatibleObjectVersion
 */
export function findDefinition(namespace: string, name: string, version: string): ObjectDefinition {
  const namespaces = registry.get(name);
  const versions = namespaces?.get(namespace) ?? namespaces?.get(undefined);
  if (!versions?.[0]) throw UnsupportedObjectError.of(name);
  const exact = versions.find((definition) => definition.version === version);
  const found =
    exact ?? versions.find((definition) => versionIsCompatible(definition.version, withoutRevision(version)));
  if (!found) throw IncompatibleObjectVersion.of(name, version, versions[0].version);
  return found;
}

/** Returns `major.minor`. A revision only adds what readers of the same minor version can ignore. */
export function withoutRevision(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
