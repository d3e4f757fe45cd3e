import type { Dict } from '../core/dict.js';
import { MessagingException } from '../core/errors.js';
import { RemoteException, SentAs } from '../core/failure.js';
import { sharedClass } from '../core/shared.js';

/** Module of Python's exceptions. */
const MODULE = 'oslo_versionedobjects.exception';

/** Base of the errors of oslo_versionedobjects.exception. Both sides rebuild them from their keyword arguments. */
@RemoteException({ module: MODULE })
@sharedClass('VersionedObjectsException')
export class VersionedObjectsException extends MessagingException {
  override readonly code: string = 'VERSIONED_OBJECTS';
  /** Positional arguments of Python's exception. */
  readonly args: readonly unknown[];
  /** Keyword arguments of Python's exception. Absent where Python raised it without any. */
  declare readonly kwargs?: Readonly<Dict>;

  constructor(message: string, kwargs?: Dict) {
    super(message);
    this.args = [message];
    if (kwargs) this.kwargs = { ...kwargs, code: 500 };
  }

  /** @internal Returns a keyword argument as text. */
  protected said(keyword: string): string {
    return String(this.kwargs?.[keyword] ?? '');
  }
}

/** Error for an object without a registered class, or of another namespace. */
@RemoteException({ module: MODULE })
@sharedClass('UnsupportedObjectError')
export class UnsupportedObjectError extends VersionedObjectsException {
  override readonly code = 'UNSUPPORTED_OBJECT';

  /** Name of the object; with its namespace where no serializer here knows the namespace. */
  get objtype(): string {
    return this.said('objtype');
  }

  /** @internal */
  static of(objtype: string): UnsupportedObjectError {
    const short = objtype.slice(0, 200);
    return new UnsupportedObjectError(`Unsupported object type ${short}`, { objtype: short });
  }
}

/** Error for an object of a newer minor version than any registered one, or of another major version. */
@RemoteException({ module: MODULE })
@sharedClass('IncompatibleObjectVersion')
export class IncompatibleObjectVersion extends VersionedObjectsException {
  override readonly code = 'INCOMPATIBLE_OBJECT_VERSION';

  /** Name of the object. */
  get objname(): string {
    return this.said('objname');
  }

  /** Version of the object on the wire. */
  get objver(): string {
    return this.said('objver');
  }

  /** Newest registered version. */
  get supported(): string {
    return this.said('supported');
  }

  /** @internal */
  static of(objname: string, objver: string, supported: string): IncompatibleObjectVersion {
    return new IncompatibleObjectVersion(
      `Version ${objver} of ${objname} is not supported, supported version is ${supported}`,
      { objname, objver, supported },
    );
  }
}

/** Error for a read-only field that has another value than on the wire. */
@RemoteException({ module: MODULE })
@sharedClass('ReadOnlyFieldError')
export class ReadOnlyFieldError extends VersionedObjectsException {
  override readonly code = 'READ_ONLY_FIELD';

  /** Name of the field. */
  get field(): string {
    return this.said('field');
  }

  /** @internal */
  static of(objname: string, field: string): ReadOnlyFieldError {
    return new ReadOnlyFieldError(`Cannot modify readonly field ${field} of ${objname}`, { field });
  }
}

/** Error for a value that its field refuses. Python callers get a ValueError, as Python's fields raise it. */
@SentAs({ module: 'builtins', class: 'ValueError' })
@sharedClass('InvalidFieldValue')
export class InvalidFieldValue extends MessagingException {
  override readonly code = 'INVALID_FIELD_VALUE';

  constructor(
    /** Name of the object. */
    readonly objname: string,
    /** Name of the field on the wire, with the index or key of an element: `parts[2]`. */
    readonly field: string,
    given: string,
    /** Description of the values that the field accepts. */
    readonly allowed: string,
  ) {
    super(`${objname}.${field}: expected ${allowed}; got ${given}`);
  }
}
