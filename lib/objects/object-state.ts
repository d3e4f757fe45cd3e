import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../core/errors.js';
import type { MarkObject } from './field-type.js';
import { definitionOf, type FieldDefinition, type ObjectDefinition } from './registry.js';

/** What is known of an object that came off the wire, or whose changes were reset. */
interface ObjectState {
  readonly version: string;
  /** Fields that had changed before it came here. */
  readonly changed: ReadonlySet<string>;
  /** Each field as it was then, the objects in it included. */
  readonly marks: ReadonlyMap<string, unknown>;
  /** Values that the read-only fields had, whatever becomes of the objects in them. */
  readonly identities: ReadonlyMap<string, unknown>;
}

// Beside the objects, not in them: plain classes stay plain, and what is no longer used is collected.
const states = new WeakMap<object, ObjectState>();
const serials = new WeakMap<object, string>();
let lastSerial = 0;

/** Oslo's ObjectListBase keeps its objects in a field of this name, and has changed when one of them has. */
const LIST_FIELD = 'objects';

/** @throws ConfigurationError when the class is not registered */
export function definedAs(object: object): ObjectDefinition {
  const definition = definitionOf(object);
  if (definition) return definition;
  throw new ConfigurationError(`${object.constructor?.name ?? 'The object'} is not a class with @VersionedObject`);
}

/** The field's value; undefined where it is not set. */
export function fieldValue(object: object, { property }: FieldDefinition): unknown {
  return Reflect.get(object, property);
}

/** Takes the object as it is now for what it came as. */
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

/** The version that an object came with; of one made here, its class's. Source: VersionedObject.VERSION. */
export function objVersion(object: object): string {
  return states.get(object)?.version ?? definedAs(object).version;
}

/**
 * Wire names of the fields that have changed: of an object that came off the wire, those whose value is another than
 * then, those that had changed before, and those whose own objects have changed; of one made here, all that are set.
 * Source: VersionedObject.obj_what_changed.
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

/** Tells whether an object that the field holds has changed, ever. Not one in a list or dictionary, as in Python. */
function hasChanged({ name }: FieldDefinition, value: unknown): boolean {
  const held: unknown[] = name === LIST_FIELD && Array.isArray(value) ? value : [value];
  return held.some(
    (one) => typeof one === 'object' && one !== null && definitionOf(one) && objWhatChanged(one).length > 0,
  );
}

/** Marks the object as unchanged. Source: obj_reset_changes. @param options `recursive`: also the objects in its fields */
export function objResetChanges(object: object, { recursive = false }: { recursive?: boolean | undefined } = {}): void {
  if (recursive) for (const field of definedAs(object).fields) resetWithin(fieldValue(object, field));
  remember(object, objVersion(object));
}

/** Gives the fields that are not set their defaults, where they have one. Source: obj_set_defaults. */
export function objSetDefaults(object: object): void {
  for (const field of definedAs(object).fields) {
    if (fieldValue(object, field) === undefined && field.type.makeDefault) {
      Reflect.set(object, field.property, field.type.makeDefault());
    }
  }
}

/** Tells whether a read-only field has another value than the one that came. An object in it may have changed, as in Python. */
export function isOverwritten(object: object, field: FieldDefinition): boolean {
  const identity = states.get(object)?.identities.get(field.name);
  return identity !== undefined && !isDeepStrictEqual(identity, markOf(object, field, identify));
}

function differs(object: object, field: FieldDefinition): boolean {
  return !isDeepStrictEqual(states.get(object)?.marks.get(field.name), markOf(object, field, markObject));
}

const markOf = (object: object, field: FieldDefinition, mark: MarkObject): unknown =>
  field.type.mark(fieldValue(object, field), mark);

/** The same for one object always, and for no other. */
function identify(object: object): string {
  let serial = serials.get(object);
  if (serial === undefined) {
    serial = `#${++lastSerial}`;
    serials.set(object, serial);
  }
  return serial;
}

/** Stays equal as long as it is the same object, and no more of it differs from what it came with. */
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
