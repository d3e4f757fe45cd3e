import type { Dict } from '../core/dict.js';
import { ClientSendError, ConfigurationError, InvalidMessage, toError } from '../core/errors.js';
import { compareVersions, isVersion } from '../core/version.js';
import { ReadOnlyFieldError, UnsupportedObjectError } from './errors.js';
import { FieldPlace, type ObjectCodec } from './field-type.js';
import { definedAs, fieldValue, isOverwritten, objVersion, objWhatChanged, remember } from './object-state.js';
import { findDefinition, type ObjectClass, type ObjectDefinition, withoutRevision } from './registry.js';

/** Keys and versions of objects on the wire. */
export interface Spelling {
  /** Project of the objects: `tacker`. */
  readonly namespace: string;
  /** Prefix of the keys: `tacker_object`. */
  readonly prefix: string;
  /** Newest versions that the readers know, by object name. Newer objects are made compatible. */
  readonly versions: ReadonlyMap<string, string>;
}

/** Optional method of a class of versioned objects, for readers that know an older version only. */
export interface Backportable {
  /**
   * Removes or converts the fields that the older version does not have. Called before sending.
   * @param data written fields by wire name, to be changed in place
   * @param targetVersion version that the readers know
   */
  makeCompatible?(data: Dict, targetVersion: string): void;
}

/** Converts objects to the primitives of oslo.versionedobjects and back. One instance for each converted entity. */
export class ObjectPrimitives implements ObjectCodec {
  /** Objects that are being written, to find an object inside itself. */
  private readonly open = new Set<object>();

  constructor(private readonly spelling: Spelling) {}

  /** Returns true for the primitive of an object with this prefix. */
  isPrimitive(value: unknown): value is Dict {
    return (
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, this.key('name'))
    );
  }

  /** @throws UnsupportedObjectError, InvalidFieldValue, ReadOnlyFieldError, ClientSendError */
  write(object: object): Dict {
    const definition = definedAs(object);
    const { name, namespace = this.spelling.namespace } = definition;
    if (namespace !== this.spelling.namespace) throw UnsupportedObjectError.of(`${namespace}.${name}`);
    const version = objVersion(object);
    const target = this.targetVersion(name, version);
    const data = this.writeFields(object, definition);
    if (target !== version) (object as Backportable).makeCompatible?.(data, target);
    const changes = objWhatChanged(object).filter((field) => Object.hasOwn(data, field));
    return {
      [this.key('name')]: name,
      [this.key('namespace')]: namespace,
      [this.key('version')]: target,
      [this.key('data')]: data,
      ...(changes.length > 0 ? { [this.key('changes')]: changes } : {}),
    };
  }

  /** @throws UnsupportedObjectError, IncompatibleObjectVersion, InvalidFieldValue, InvalidMessage */
  read(primitive: unknown): unknown {
    if (!this.isPrimitive(primitive)) return primitive;
    const name = this.member(primitive, 'name', 'a string', isText);
    const namespace = this.member(primitive, 'namespace', 'a string', isText);
    if (namespace !== this.spelling.namespace) throw UnsupportedObjectError.of(`${namespace}.${name}`);
    const version = this.member(primitive, 'version', 'major.minor', isVersion);
    const data = this.member(primitive, 'data', 'an object', isDict);
    const definition = findDefinition(namespace, name, version);
    const object = construct(definition.objectClass);
    for (const field of definition.fields) {
      if (!Object.hasOwn(data, field.name)) continue;
      const value = field.type.read(data[field.name], new FieldPlace(name, field.name, this));
      Reflect.set(object, field.property, value);
    }
    const changes: unknown = primitive[this.key('changes')];
    remember(object, knownVersion(version, definition), Array.isArray(changes) ? changes.filter(isText) : []);
    return object;
  }

  private writeFields(object: object, { name, fields }: ObjectDefinition): Dict {
    if (this.open.has(object)) throw new ClientSendError(`The object ${name} refers to itself and cannot be sent`);
    this.open.add(object);
    const entries = fields.flatMap((field) => {
      const value = fieldValue(object, field);
      if (value === undefined) return [];
      if (isOverwritten(object, field)) throw ReadOnlyFieldError.of(name, field.name);
      return [[field.name, field.type.write(value, new FieldPlace(name, field.name, this))] as const];
    });
    this.open.delete(object);
    return Object.fromEntries(entries);
  }

  private targetVersion(name: string, version: string): string {
    const known = this.spelling.versions.get(name);
    return known !== undefined && compareVersions(known, version) < 0 ? known : version;
  }

  private member<T>(primitive: Dict, member: string, expected: string, fits: (value: unknown) => value is T): T {
    const key = this.key(member);
    const value = Object.hasOwn(primitive, key) ? primitive[key] : undefined;
    if (fits(value)) return value;
    throw new InvalidMessage(`${key}: expected ${expected}; got ${value === undefined ? 'nothing' : typeof value}`);
  }

  private key(member: string): string {
    return `${this.spelling.prefix}.${member}`;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isDict = (value: unknown): value is Dict => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the version on the wire. Omits its revision when that is newer than the registered one, as Python does. */
function knownVersion(version: string, definition: ObjectDefinition): string {
  return compareVersions(version, definition.version) > 0 ? withoutRevision(version) : version;
}

function construct(objectClass: ObjectClass): object {
  try {
    return new objectClass();
  } catch (cause) {
    const why = toError(cause).message;
    throw new ConfigurationError(`${objectClass.name} cannot be made without arguments: ${why}`, { cause });
  }
}
