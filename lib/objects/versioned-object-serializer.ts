import { checkOptions, nested, type Rule, text } from '../core/option-rules.js';
import { sharedClass } from '../core/shared.js';
import { checkVersion } from '../core/version.js';
import { toPlain } from '../messaging/plain-values.js';
import { NoOpSerializer } from '../messaging/serializer.js';
import { ObjectPrimitives, type Spelling } from './object-primitives.js';
import { definitionOf } from './registry.js';

/** Options of a {@link VersionedObjectSerializer}. */
export interface VersionedObjectSerializerOptions {
  /** Project of the objects, Python's OBJ_PROJECT_NAMESPACE; `versionedobjects` for Neutron. @default 'tacker' */
  namespace?: string | undefined;
  /** Prefix of the keys, Python's OBJ_SERIAL_NAMESPACE. @default '<namespace>_object'; 'versioned_object' for the namespace 'versionedobjects' */
  prefix?: string | undefined;
  /** Newest versions that the readers know, by object name: newer objects are sent as such, after their class's `makeCompatible`. @default every object in its own version */
  versions?: Readonly<Record<string, string>> | undefined;
}

const version: Rule = (value) => {
  checkVersion(value as string);
  return undefined;
};

/**
 * Converts versioned objects at any place of arguments and results. Other values pass unchanged.
 * Source: oslo_versionedobjects.base.VersionedObjectSerializer.
 */
@sharedClass('VersionedObjectSerializer')
export class VersionedObjectSerializer extends NoOpSerializer {
  /** @internal */
  readonly spelling: Spelling;

  /** @throws ConfigurationError for an unknown or ill-typed option, InvalidVersion */
  constructor(options: VersionedObjectSerializerOptions = {}) {
    super();
    const { namespace = 'tacker', versions = {} } = options;
    const versionRules = Object.fromEntries(Object.keys(versions).map((name) => [name, version]));
    checkOptions(options, { namespace: text, prefix: text, versions: nested(versionRules) }, '');
    // The pair that oslo itself starts from.
    const prefix = namespace === 'versionedobjects' ? 'versioned_object' : `${namespace}_object`;
    this.spelling = {
      namespace,
      prefix: options.prefix ?? prefix,
      versions: new Map(Object.entries(versions)),
    };
  }

  /** Converts the objects in a value to primitives. @throws UnsupportedObjectError, InvalidFieldValue, ReadOnlyFieldError, ClientSendError */
  override serializeEntity(_ctxt: unknown, entity: unknown): unknown {
    const primitives = new ObjectPrimitives(this.spelling);
    return toPlain(entity, (object) => (definitionOf(object) ? primitives.write(object) : undefined));
  }

  /** Builds the objects of the primitives in a value. @throws UnsupportedObjectError, IncompatibleObjectVersion, InvalidFieldValue, InvalidMessage */
  override deserializeEntity(_ctxt: unknown, entity: unknown): unknown {
    return read(entity, new ObjectPrimitives(this.spelling));
  }
}

function read(value: unknown, primitives: ObjectPrimitives): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (primitives.isPrimitive(value)) return primitives.read(value);
  if (Array.isArray(value)) return value.map((item) => read(item, primitives));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item, primitives)]));
}
