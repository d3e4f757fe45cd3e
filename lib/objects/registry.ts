import { ConfigurationError } from '../core/errors.js';
import { checkOptions, text } from '../core/option-rules.js';
import { checkVersion, compareVersions, versionIsCompatible } from '../core/version.js';
import { IncompatibleObjectVersion, UnsupportedObjectError } from './errors.js';
import { FieldType } from './field-type.js';

/** A class of versioned objects. They are made without arguments, then given their fields. */
export type ObjectClass<T extends object = object> = new () => T;

/** How an object is known on the wire. */
export interface VersionedObjectOptions {
  /** @default the class's name */
  name?: string | undefined;
  /** `major.minor[.revision]`: a new field is a new minor version, a change that old readers cannot take a new major one. */
  version: string;
  /** The one namespace whose serializers know it. @default any */
  namespace?: string | undefined;
}

/** How a field is known on the wire. */
export interface VersionedFieldOptions {
  /** @default the property's name */
  name?: string | undefined;
}

/** One field of a class. */
export interface FieldDefinition {
  /** On the wire. */
  readonly name: string;
  readonly property: string;
  readonly type: FieldType<unknown>;
}

/** What is registered of a class. */
export interface ObjectDefinition {
  readonly objectClass: ObjectClass;
  readonly name: string;
  readonly version: string;
  readonly namespace: string | undefined;
  readonly fields: readonly FieldDefinition[];
}

/** Fields that a class itself declares, by property. */
const declared = new WeakMap<object, Map<string, FieldDefinition>>();
const definitions = new WeakMap<object, ObjectDefinition>();
/** By name and namespace (`undefined` is any), the newest version first. */
const registry = new Map<string, Map<string | undefined, ObjectDefinition[]>>();

/** A field type's values where integers fit a `number`; a property may leave `bigint` out. */
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

/** The property's name where the property can hold all that the field gives, else the type that it must have. */
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

/** Property decorator: a field of a versioned object. The property's type must be one that the field's type gives. */
export function VersionedField<T>(type: FieldType<T>, options: VersionedFieldOptions = {}): VersionedFieldDecorator<T> {
  checkOptions(options, { name: text }, '', '@VersionedField option');
  if (!(type instanceof FieldType))
    throw new ConfigurationError('@VersionedField: expected a type that fields gives, such as fields.string()');
  return (prototype: object, property: string): void => {
    const own = declared.get(prototype) ?? new Map<string, FieldDefinition>();
    declared.set(prototype, own.set(property, { name: options.name ?? property, property, type }));
  };
}

/**
 * Class decorator: registers the class, so that its objects can be sent and built. A class of the same name and version
 * takes the place of the earlier one; other versions stand beside it.
 * @throws ConfigurationError, InvalidVersion
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

/** Its own fields and those of its base classes; of two of one property, or of one name, the nearest. */
function fieldsOf(objectClass: ObjectClass): FieldDefinition[] {
  const found: FieldDefinition[] = [];
  for (let level: object | null = objectClass.prototype; level; level = Object.getPrototypeOf(level)) {
    for (const field of declared.get(level)?.values() ?? []) {
      if (!found.some(({ name, property }) => name === field.name || property === field.property)) found.push(field);
    }
  }
  return found;
}

/** What is registered of a class, or of the nearest base class that is registered. */
export function definitionOfClass(objectClass: ObjectClass): ObjectDefinition | undefined {
  return definitionAt(objectClass.prototype);
}

/** What is registered of an object's class. */
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
 * The class for an object that came: of just its version, else the newest of its major version that is not older.
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

/** A revision only adds what readers of the same minor version can do without. */
export function withoutRevision(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
