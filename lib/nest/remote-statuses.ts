import * as errors from '../core/errors.js';
import { registeredName } from '../core/failure.js';
import { nameOf } from '../core/given.js';
import { natural } from '../core/option-rules.js';

/** Class of a remote exception, or a base class of such. */
export type RemoteExceptionClass = abstract new (...args: never[]) => Error;

/**
 * HTTP statuses of remote exceptions: by class name (`VnfNotFound`), by name with the Python module
 * (`tacker.common.exceptions.VnfNotFound`), or, in a `Map` or an array of pairs, by class.
 */
export type RemoteStatuses =
  | Readonly<Record<string, number>>
  | Iterable<readonly [exception: string | RemoteExceptionClass, status: number]>;

/** Status of an exception. */
export interface RemoteStatus {
  readonly status: number;
  /** True for a remote exception that the application has mapped, so that its message is for the HTTP client. */
  readonly isMapped: boolean;
}

type Key = string | RemoteExceptionClass;

/** Statuses of the library's own errors. All others are mistakes of the gateway itself. */
const OWN = new Map<Key, number>([
  [errors.MessagingTimeout, 504],
  [errors.MessageUndeliverable, 503],
  [errors.MessageDeliveryFailure, 503],
  [errors.ServerOverloaded, 503],
  [errors.CredentialsFailure, 503],
  [errors.RPCVersionCapError, 503],
  [errors.InvalidMessage, 502],
]);
const INTERNAL = 500;

const isStatus = natural(400, 599);

/** Returns true for exceptions that come from calls: the library's errors, and classes that are registered as remote exceptions. */
export function comesFromCalls(thrown: unknown): boolean {
  return thrown instanceof errors.MessagingException || classesOf(thrown).some(registeredName);
}

/** HTTP statuses of exceptions. */
export class StatusTable {
  private readonly given: ReadonlyMap<Key, number>;

  /** @throws ConfigurationError for an entry that is not an exception with an error status */
  constructor(
    statuses: RemoteStatuses,
    /** Status of remote exceptions without an entry. */
    private readonly unmapped: number,
  ) {
    checkStatus('unmapped', unmapped);
    this.given = new Map(entriesOf(statuses));
    for (const [key, status] of this.given) {
      checkKey(key);
      checkStatus(`status of ${typeof key === 'string' ? `"${key}"` : key.name}`, status);
    }
  }

  /** Returns the status of an exception: of its most specific name or class. */
  of(exception: unknown): RemoteStatus {
    const classes = classesOf(exception);
    const isRemote = exception instanceof errors.RemoteError || classes.some(registeredName);
    const key = keysOf(exception, classes).find((one) => this.given.has(one));
    const status = key === undefined ? undefined : this.given.get(key);
    if (status !== undefined) return { status, isMapped: isRemote };
    const own = classes.find((one) => OWN.has(one));
    return { status: (own && OWN.get(own)) ?? (isReceived(exception) ? this.unmapped : INTERNAL), isMapped: false };
  }
}

/** Returns true for an exception that a server has sent. A registered class can also be thrown here. */
function isReceived(exception: unknown): boolean {
  return (
    exception instanceof errors.RemoteError || (exception instanceof Error && Reflect.get(exception, 'remote') === true)
  );
}

/** Returns the class of an error and its base classes below `Error`. */
function classesOf(thrown: unknown): RemoteExceptionClass[] {
  const classes: RemoteExceptionClass[] = [];
  if (!(thrown instanceof Error)) return classes;
  for (let prototype: unknown = Object.getPrototypeOf(thrown); prototype instanceof Error; ) {
    classes.push(prototype.constructor as RemoteExceptionClass);
    prototype = Object.getPrototypeOf(prototype);
  }
  return classes;
}

/** Returns names and classes of an exception, the most specific first. */
function keysOf(exception: unknown, classes: readonly RemoteExceptionClass[]): Key[] {
  const remote = exception instanceof errors.RemoteError ? namesOf(exception.excModule, exception.excType) : [];
  const own = classes.flatMap((one) => {
    const registered = registeredName(one);
    return [one, ...(registered ? namesOf(registered.module, registered.name) : []), one.name];
  });
  return [...remote, ...own];
}

const namesOf = (module: string | undefined, name: string) => (module ? [`${module}.${name}`, name] : [name]);

function entriesOf(statuses: RemoteStatuses): (readonly [Key, number])[] {
  if (typeof statuses !== 'object' || statuses === null)
    throw new errors.ConfigurationError(
      `RemoteExceptionFilter: expected statuses by exception, such as { VnfNotFound: 404 }; got ${nameOf(statuses)}`,
    );
  if (!(Symbol.iterator in statuses)) return Object.entries(statuses);
  return [...statuses].map((pair: unknown) => {
    if (Array.isArray(pair) && pair.length === 2) return pair as unknown as readonly [Key, number];
    throw new errors.ConfigurationError(
      `RemoteExceptionFilter: expected pairs of an exception and its status, such as [[VnfNotFound, 404]]; got ${nameOf(pair)}`,
    );
  });
}

function checkKey(key: unknown): void {
  const isErrorClass = typeof key === 'function' && (key === Error || key.prototype instanceof Error);
  if (isErrorClass || (typeof key === 'string' && /^[^\s.]+(\.[^\s.]+)*$/.test(key))) return;
  const given =
    typeof key === 'function'
      ? `${key.name || 'a function'}, which does not extend Error`
      : typeof key === 'string'
        ? JSON.stringify(key)
        : nameOf(key);
  throw new errors.ConfigurationError(
    `RemoteExceptionFilter: expected the name of a remote exception, such as VnfNotFound or tacker.common.exceptions.VnfNotFound, or its class; got ${given}`,
  );
}

function checkStatus(what: string, status: unknown): void {
  const expected = isStatus(status, what);
  if (expected === undefined) return;
  const given = typeof status === 'number' || typeof status === 'string' ? JSON.stringify(status) : nameOf(status);
  throw new errors.ConfigurationError(
    `RemoteExceptionFilter: ${what}: expected an HTTP status, ${expected}; got ${given}`,
  );
}
