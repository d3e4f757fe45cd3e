import type { Dict } from '../core/dict.js';
import { MessagingException } from '../core/errors.js';
import { registerRemoteException, sendAs } from '../core/failure.js';

/** Base of what Python keeps in oslo_versionedobjects.exception; rebuilt there, and here, from its keyword arguments. */
export class VersionedObjectsException extends MessagingException {
  override readonly code: string = 'VERSIONED_OBJECTS';
  /** As Python's exception has them. */
  readonly args: readonly unknown[];
  /** Absent from one that Python raised without any. */
  declare readonly kwargs?: Readonly<Dict>;

  constructor(message: string, kwargs?: Dict) {
    super(message);
    this.args = [message];
    if (kwargs) this.kwargs = { ...kwargs, code: 500 };
  }

  /** @internal */
  protected said(keyword: string): string {
    return String(this.kwargs?.[keyword] ?? '');
  }
}

/** No class is registered for the object, or it is of another namespace. */
export class UnsupportedObjectError extends VersionedObjectsException {
  override readonly code = 'UNSUPPORTED_OBJECT';

  /** Name of the object, with its namespace where that is the trouble. */
  get objtype(): string {
    return this.said('objtype');
  }

  static of(objtype: string): UnsupportedObjectError {
    const short = objtype.slice(0, 200);
    return new UnsupportedObjectError(`Unsupported object type ${short}`, { objtype: short });
  }
}

/** The object's minor version is newer than any registered one, or its major version is another. */
export class IncompatibleObjectVersion extends VersionedObjectsException {
  override readonly code = 'INCOMPATIBLE_OBJECT_VERSION';

  get objname(): string {
    return this.said('objname');
  }

  /** The version that came. */
  get objver(): string {
    return this.said('objver');
  }

  /** The newest version that is registered. */
  get supported(): string {
    return this.said('supported');
  }

  static of(objname: string, objver: string, supported: string): IncompatibleObjectVersion {
    return new IncompatibleObjectVersion(
      `Version ${objver} of ${objname} is not supported, supported version is ${supported}`,
      { objname, objver, supported },
    );
  }
}

/** A read-only field was given another value than it came with. */
export class ReadOnlyFieldError extends VersionedObjectsException {
  override readonly code = 'READ_ONLY_FIELD';

  get field(): string {
    return this.said('field');
  }

  static of(objname: string, field: string): ReadOnlyFieldError {
    return new ReadOnlyFieldError(`Cannot modify readonly field ${field} of ${objname}`, { field });
  }
}

/** A value that its field does not take. Towards Python it is the ValueError that a field raises there. */
export class InvalidFieldValue extends MessagingException {
  override readonly code = 'INVALID_FIELD_VALUE';

  constructor(
    readonly objname: string,
    /** Name on the wire, with an index or key where an element is meant: `parts[2]`. */
    readonly field: string,
    given: string,
    /** What the field takes. */
    readonly allowed: string,
  ) {
    super(`${objname}.${field}: expected ${allowed}; got ${given}`);
  }
}

const MODULE = 'oslo_versionedobjects.exception';
registerRemoteException(VersionedObjectsException, { module: MODULE });
registerRemoteException(UnsupportedObjectError, { module: MODULE });
registerRemoteException(IncompatibleObjectVersion, { module: MODULE });
registerRemoteException(ReadOnlyFieldError, { module: MODULE });
sendAs(InvalidFieldValue, { module: 'builtins', class: 'ValueError' });
