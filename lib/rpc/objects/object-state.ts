import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../../core/errors.js';
import { definitionOf, type FieldDefinition, type ObjectDefinition } from './registry.js';

/** What is known of an object that came off the wire, or whose changes were reset. */
interface ObjectState {
  readonly version: string;
  /** Fields that had changed before it came here. */
  readonly changed: ReadonlySet<string>;
  /** Each field as it was then. */
  readonly marks: ReadonlyMap<string, unknown>;
}

// Beside the objects, not in them: plain classes stay plain, and what is no longer used is collected.
const states = new WeakMap<object, ObjectState>();
const identities = new WeakMap<object, symbol>();

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
  const marks = new Map(fields.map((field) => [field.name, field.type.mark(fieldValue(object, field))]));
  states.set(object, { version, changed: new Set(changed), marks });
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
      if (fieldValue(object, field) === undefined) return false;
      return states.get(object)?.changed.has(field.name) || differs(object, field);
    })
    .map(({ name }) => name);
}

/** Takes the object as it is for unchanged. @param options.recursive also the objects in its fields. Source: obj_reset_changes. */
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

/** Whether a read-only field has another value than the one that came. */
export function isOverwritten(object: object, field: FieldDefinition): boolean {
  return field.type.isReadOnly && states.get(object)?.marks.get(field.name) !== undefined && differs(object, field);
}

/** A mark that stays equal as long as it is the same object without changes. */
export function markObject(object: object): symbol {
  if (objWhatChanged(object).length > 0) return Symbol('changed');
  const identity = identities.get(object) ?? Symbol('unchanged');
  identities.set(object, identity);
  return identity;
}

function differs(object: object, field: FieldDefinition): boolean {
  return !isDeepStrictEqual(states.get(object)?.marks.get(field.name), field.type.mark(fieldValue(object, field)));
}

function resetWithin(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (definitionOf(value)) objResetChanges(value, { recursive: true });
  else for (const item of value instanceof Set ? value : Object.values(value)) resetWithin(item);
}
