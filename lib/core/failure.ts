import * as errors from './errors.js';
import { parseJson, stringifyJson } from './json.js';
import { checkNames } from './option-rules.js';
import { shared } from './shared.js';
import { detailsOf, messageOf, ownField, sentStack } from './thrown.js';

/** Name of the Python exception that a TypeScript error class travels as. */
export interface RemoteExceptionName {
  /** Dotted name of the Python module, e.g. `tacker.common.exceptions`. */
  module: string;
  /** Name of the Python class. @default name of the TypeScript class */
  class?: string | undefined;
}

/** Error class that can be rebuilt from the arguments of a failure. */
export type ErrorClass = new (...args: never[]) => Error;

interface Identity {
  module: string;
  name: string;
}

/** Module of classes without a Python name. No Python service allows it, so they arrive as RemoteError there. */
const FOREIGN_MODULE = 'javascript';
/** Class of the failure of a refused call. */
const OVERLOADED = 'ServerOverloaded';
/** Limits of a failure. It is a text within a message, so the limits of the message do not apply inside it. */
const FAILURE_LIMITS = { depth: 1000, values: 500_000 };
/** Modules of builtin exceptions: of Python 3, and of Python 2, which some services still send. */
const BUILTINS = new Set(['builtins', 'exceptions']);

const identities = shared('exception identities', knownIdentities);
const classes = shared('exception classes', () => new Map<string, ErrorClass>());

function knownIdentities(): Map<unknown, Identity> {
  return new Map<unknown, Identity>([
    [Error, { module: 'builtins', name: 'Exception' }],
    [TypeError, { module: 'builtins', name: 'TypeError' }],
    [RangeError, { module: 'builtins', name: 'ValueError' }],
    [SyntaxError, { module: 'builtins', name: 'ValueError' }],
    ...named('oslo_messaging.exceptions', [
      errors.MessagingException,
      errors.MessagingTimeout,
      errors.MessageDeliveryFailure,
      errors.MessageUndeliverable,
      errors.InvalidTarget,
      errors.ConfigurationError,
    ]),
    ...named('oslo_messaging.rpc.client', [errors.RemoteError, errors.RPCVersionCapError, errors.ClientSendError]),
    // A handler that passes the refusal of its own call on has been started, so its caller must not take it for refused.
    [errors.ServerOverloaded, { module: 'oslo_messaging.rpc.client', name: errors.RemoteError.name }],
    ...named('oslo_messaging.rpc.dispatcher', [errors.NoSuchMethod, errors.UnsupportedVersion]),
  ]);
}

function named(module: string, list: { name: string }[]): [unknown, Identity][] {
  return list.map((errorClass) => [errorClass, { module, name: errorClass.name }]);
}

const keyOf = (module: string, name: string) => `${module}\n${name}`;

/** Ties an error class to a Python exception, both ways. Source: allowed_remote_exmods of oslo.messaging. */
export function registerRemoteException(errorClass: ErrorClass, name: RemoteExceptionName): void {
  if (typeof errorClass !== 'function' || !(errorClass.prototype instanceof Error)) {
    throw new errors.ConfigurationError('A remote exception must be a class that extends Error');
  }
  checkNames(name ?? {}, ['module', 'class'] satisfies (keyof RemoteExceptionName)[], 'remote exception option');
  if (typeof name?.module !== 'string' || name.module === '') {
    throw new errors.ConfigurationError(`${errorClass.name}: a remote exception needs the Python module it lives in`);
  }
  const identity = { module: name.module, name: name.class ?? errorClass.name };
  identities.set(errorClass, identity);
  classes.set(keyOf(identity.module, identity.name), errorClass);
}

/**
 * Sets the Python name of an error class for sending only. Received failures of that name are not rebuilt as the class.
 */
export function sendAs(errorClass: ErrorClass, { module, class: name = errorClass.name }: RemoteExceptionName): void {
  identities.set(errorClass, { module, name });
}

/** Class decorator form of {@link sendAs}. */
export function SentAs(name: RemoteExceptionName) {
  return (errorClass: ErrorClass): void => sendAs(errorClass, name);
}

/** Returns the Python name that an error class is registered with; undefined for any other value. */
export function registeredName(errorClass: unknown): Readonly<Identity> | undefined {
  const identity = identities.get(errorClass);
  return identity && classes.get(keyOf(identity.module, identity.name)) === errorClass ? identity : undefined;
}

/** Class decorator form of {@link registerRemoteException}. */
export function RemoteException(name: RemoteExceptionName) {
  return (errorClass: ErrorClass): void => registerRemoteException(errorClass, name);
}

/** Returns the arguments of a failure as Python does: the arguments of the error, or its message, or none. */
function argsOf(thrown: unknown, message: string): unknown[] {
  // As in Python, the argument of a RemoteError that is passed on is its text, not those of the remote exception.
  const args = thrown instanceof errors.RemoteError ? undefined : ownField(thrown, 'args');
  if (Array.isArray(args)) return args;
  if (isRecord(thrown) && !(thrown instanceof Error)) return [thrown];
  return thrown instanceof Error && message === '' && !Object.hasOwn(thrown, 'message') ? [] : [message];
}

/**
 * Returns the keyword arguments of a failure. Python rebuilds its own exceptions with them, so these get only declared
 * ones.
 */
function kwargsOf(thrown: unknown, { module }: Identity, withCause: boolean): object {
  const kwargs = module === FOREIGN_MODULE ? detailsOf(thrown, withCause) : ownField(thrown, 'kwargs');
  return isRecord(kwargs) ? kwargs : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(thrown: unknown, withTraceback: boolean) {
  const message = messageOf(thrown);
  const errorClass = thrown instanceof Error ? thrown.constructor : Error;
  const identity = identities.get(errorClass) ?? { module: FOREIGN_MODULE, name: errorClass.name || 'Error' };
  const stack = withTraceback && thrown instanceof Error ? sentStack(thrown) : undefined;
  return {
    class: identity.name,
    module: identity.module,
    message,
    tb: stack === undefined ? [] : stack.split('\n').map((line) => `${line}\n`),
    args: argsOf(thrown, message),
    kwargs: kwargsOf(thrown, identity, withTraceback),
  };
}

/** Returns the class name that a thrown value has in a failure. Never throws. */
export function failureName(thrown: unknown): string {
  try {
    const errorClass = thrown instanceof Error ? thrown.constructor : Error;
    return identities.get(errorClass)?.name ?? (errorClass.name || 'Error');
  } catch {
    return 'Error';
  }
}

function describeSafely(thrown: unknown, withTraceback: boolean): ReturnType<typeof describe> {
  try {
    return describe(thrown, withTraceback);
  } catch {
    return describe(new Error('The error that was thrown cannot be described'), withTraceback);
  }
}

/** Returns the JSON text of the failure of a call that an overloaded server refuses. It is short, and has no traceback. */
export function overloadFailure(message: string): string {
  const failure = { class: OVERLOADED, module: FOREIGN_MODULE, message, tb: [], args: [message], kwargs: {} };
  return stringifyJson(failure);
}

/** Returns the JSON text of a failure: class, module, message, traceback, arguments. Never throws. */
export function serializeFailure(thrown: unknown, withTraceback = true): string {
  const failure = describeSafely(thrown, withTraceback);
  try {
    return stringifyJson(failure);
  } catch {
    return stringifyJson({ ...failure, args: [failure.message], kwargs: {} });
  }
}

const lines = (value: unknown): string[] =>
  Array.isArray(value) ? value.map((line) => (typeof line === 'string' ? line : stringifyJson(line))) : [];

/**
 * Returns the error of a failure: of the registered class when its module is allowed, else a RemoteError. Names are
 * looked up only in the registry.
 */
export function deserializeFailure(
  text: string,
  allowedModules: Pick<ReadonlySet<string>, 'has'>,
  details: errors.ErrorDetails,
): Error {
  let failure: Record<string, unknown>;
  try {
    const parsed = parseJson(text, FAILURE_LIMITS);
    failure = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    failure = { class: 'Exception', message: text };
  }
  const name = typeof failure['class'] === 'string' ? failure['class'] : 'Exception';
  const module = typeof failure['module'] === 'string' ? failure['module'] : '';
  const message = typeof failure['message'] === 'string' ? failure['message'] : '';
  const traceback = lines(failure['tb']);
  const errorClass = classes.get(keyOf(module, name));
  if (errorClass && (BUILTINS.has(module) || allowedModules.has(module))) {
    const rebuilt = rebuild(errorClass, failure, message, traceback);
    if (rebuilt) return rebuilt;
  }
  if (module === FOREIGN_MODULE && name === OVERLOADED) return new errors.ServerOverloaded(message, details);
  const { args, kwargs } = failure;
  return new errors.RemoteError(name, message, traceback, {
    ...details,
    module,
    args: Array.isArray(args) ? args : [],
    kwargs: isRecord(kwargs) ? kwargs : {},
  });
}

/**
 * Makes an instance of the class. It keeps the arguments of the failure, to be passed on. Undefined when its
 * constructor throws.
 */
function rebuild(
  errorClass: ErrorClass,
  { args, kwargs }: Record<string, unknown>,
  message: string,
  remoteTraceback: string[],
): Error | undefined {
  try {
    const error = new errorClass(...((Array.isArray(args) ? args : []) as never[]));
    const properties = {
      message,
      remote: true,
      remoteTraceback,
      ...(Array.isArray(args) && !Object.hasOwn(error, 'args') ? { args } : {}),
      ...(isFilled(kwargs) ? { kwargs } : {}),
    };
    for (const [name, value] of Object.entries(properties)) {
      Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: false });
    }
    return error;
  } catch {
    return undefined;
  }
}

/** Returns true for keyword arguments that the rebuilt error must keep. */
function isFilled(kwargs: unknown): boolean {
  return typeof kwargs === 'object' && kwargs !== null && Object.keys(kwargs).length > 0;
}
