import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../core/errors.js';
import { shared } from '../core/shared.js';
import type { MarkObject } from './field-type.js';
import { definitionOf, type FieldDefinition, type ObjectDefinition } from './registry.js';

/** State of an object from the wire, or of one whose changes were reset. */
interface ObjectState {
  readonly version: string;
  /** Fields that had changed before the object was sent here. */
  readonly changed: ReadonlySet<string>;
  /** Marks of the fields at that time, of the objects in them too. */
  readonly marks: ReadonlyMap<string, unknown>;
  /** Identities of the values of read-only fields. Changes inside an object do not alter its identity. */
  readonly identities: ReadonlyMap<string, unknown>;
}

// Weak maps keep the state out of the objects, and let unused objects be collected.
const states = shared('object states', () => new WeakMap<object, ObjectState>());
const serials = shared('object serials', () => ({ of: new WeakMap<object, string>(), last: 0 }));

/** Field of oslo's ObjectListBase. The list has changed when one of the objects in this field has. */
const LIST_FIELD = 'objects';

/** Returns the definition of an object's class. @throws ConfigurationError when the class is not registered */
export function definedAs(object: object): ObjectDefinition {
  const definition = definitionOf(object);
  if (definition) return definition;
  throw new ConfigurationError(`${object.constructor?.name ?? 'The object'} is not a class with @VersionedObject`);
}

/** Returns the value of a field; undefined where it is not set. */
export function fieldValue(object: object, { property }: FieldDefinition): unknown {
  return Reflect.get(object, property);
}

/** Remembers the current fields of an object as unchanged. */
export function remember(object: object, version: string, changed: Iterable<string> = []): void {
  const { fields } = definedAs(object);
  const readOnly = fields.filter(({ type }) => type.isReadOnly);
  states.set(object, {
    version,
    changed: new Set(changed),
    marks: new Map(fields.map((field) => [field.name, markOf(object, field, markObject)])),
    identities: new Map(readOnly.map((field) => [field.name, markOf(object, field, identify)])),
  });
}

/**
 * Returns the version that an object had on the wire; for an object made here, the version of its class. Source:
 * VersionedObject.VERSION.
 * @throws ConfigurationError when the class is not registered
 */
export function objVersion(object: object): string {
  return states.get(object)?.version ?? definedAs(object).version;
}

/**
 * Returns the wire names of the changed fields. For an object from the wire: fields with another value, fields that had
 * changed before, and fields whose object has changed. For an object made here: all fields that are set. Source:
 * VersionedObject.obj_what_changed.
 * @throws ConfigurationError when the class is not registered
 */
export function objWhatChanged(object: object): string[] {
  return definedAs(object)
    .fields.filter((field) => {
      const value = fieldValue(object, field);
      if (value === undefined) return false;
      return states.get(object)?.changed.has(field.name) || hasChanged(field, value) || differs(object, field);
    })
    .map(({ name }) => name);
}

/** Returns true when the object in a field has changed. Objects in a list or dictionary do not count, as in Python. */
function hasChanged({ name }: FieldDefinition, value: unknown): boolean {
  const held: unknown[] = name === LIST_FIELD && Array.isArray(value) ? value : [value];
  return held.some(
    (one) => typeof one === 'object' && one !== null && definitionOf(one) && objWhatChanged(one).length > 0,
  );
}

/**
 * Marks the current fields of an object as unchanged. Source: VersionedObject.obj_reset_changes.
 * @param options `recursive`: the objects in its fields too. Default: false
 * @throws ConfigurationError when the class is not registered
 */
export function objResetChanges(object: object, { recursive = false }: { recursive?: boolean | undefined } = {}): void {
  if (recursive) for (const field of definedAs(object).fields) resetWithin(fieldValue(object, field));
  remember(object, objVersion(object));
}

/**
 * Sets the fields that have a default and no value. Source: VersionedObject.obj_set_defaults.
 * @throws ConfigurationError when the class is not registered
 */
export function objSetDefaults(object: object): void {
  for (const field of definedAs(object).fields) {
    if (fieldValue(object, field) === undefined && field.type.makeDefault) {
      Reflect.set(object, field.property, field.type.makeDefault());
    }
  }
}

/** Returns true for a read-only field with another value than on the wire. The object in it may have changed, as in Python. */
export function isOverwritten(object: object, field: FieldDefinition): boolean {
  const identity = states.get(object)?.identities.get(field.name);
  return identity !== undefined && !isDeepStrictEqual(identity, markOf(object, field, identify));
}

function differs(object: object, field: FieldDefinition): boolean {
  return !isDeepStrictEqual(states.get(object)?.marks.get(field.name), markOf(object, field, markObject));
}

const markOf = (object: object, field: FieldDefinition, mark: MarkObject): unknown =>
  field.type.mark(fieldValue(object, field), mark);

/** Returns a serial number of an object. */
function identify(object: object): string {
  let serial = serials.of.get(object);
  if (serial === undefined) {
    serial = `#${++serials.last}`;
    serials.of.set(object, serial);
  }
  return serial;
}

/** Returns a text that stays equal while the object and its set of changed fields stay the same. */
function markObject(object: object): string {
  const different = definedAs(object).fields.filter((field) => differs(object, field));
  return [identify(object), ...different.map(({ name }) => name)].join(' ');
}

function resetWithin(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (definitionOf(value)) objResetChanges(value, { recursive: true });
  else
    for (const item of value instanceof Set || value instanceof Map ? value.values() : Object.values(value))
      resetWithin(item);
}
