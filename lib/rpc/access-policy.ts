import { RPCAccessPolicyBase } from '../core/access-policy.js';
import { ConfigurationError } from '../core/errors.js';
import { checkOptions, type Rule } from '../core/option-rules.js';
import { shared, sharedClass } from '../core/shared.js';

export { RPCAccessPolicyBase };

/** Allows every method, private ones included. Source: oslo_messaging.rpc.dispatcher.LegacyRPCAccessPolicy. */
@sharedClass('LegacyRPCAccessPolicy')
export class LegacyRPCAccessPolicy extends RPCAccessPolicyBase {
  override isAllowed(_endpoint: object, _method: string): boolean {
    return true;
  }
}

/** Allows every method whose name does not begin with an underscore. Source: oslo_messaging.rpc.dispatcher.DefaultRPCAccessPolicy. */
@sharedClass('DefaultRPCAccessPolicy')
export class DefaultRPCAccessPolicy extends RPCAccessPolicyBase {
  override isAllowed(_endpoint: object, method: string): boolean {
    return !method.startsWith('_');
  }
}

const exposed = shared('exposed methods', () => new WeakSet<object>());
const expected = shared('expected exceptions', () => new WeakMap<object, readonly ErrorConstructorLike[]>());

/** Allows only methods with {@link expose}. Source: oslo_messaging.rpc.dispatcher.ExplicitRPCAccessPolicy. */
@sharedClass('ExplicitRPCAccessPolicy')
export class ExplicitRPCAccessPolicy extends RPCAccessPolicyBase {
  override isAllowed(endpoint: object, method: string): boolean {
    const value: unknown = Reflect.get(endpoint, method);
    return typeof value === 'function' && exposed.has(value);
  }
}

/** Class of errors, abstract ones included. */
export type ErrorConstructorLike = abstract new (...args: never[]) => Error;

/** Accepts an array of error classes. */
export const errorClasses: Rule = (value) =>
  Array.isArray(value) && value.every(isErrorClass) ? undefined : 'an array of classes that extend Error';

function isErrorClass(value: unknown): boolean {
  return value === Error || (typeof value === 'function' && value.prototype instanceof Error);
}

/**
 * Decorates a method of a plain endpoint that {@link ExplicitRPCAccessPolicy} allows. Source: oslo_messaging.expose.
 * @throws ConfigurationError on an accessor or a field
 */
export function expose(): MethodDecorator {
  return (_target, name, descriptor): void => {
    exposed.add(methodOf('@expose', name, descriptor));
  };
}

/**
 * Decorates a method of a plain endpoint. Errors of these classes reach the caller unchanged and are logged at level debug
 * only. Source: oslo_messaging.expected_exceptions.
 * @throws ConfigurationError for a value that is not an error class, and on an accessor or a field
 */
export function expectedExceptions(...errors: ErrorConstructorLike[]): MethodDecorator {
  checkOptions({ errors }, { errors: errorClasses }, '', '@expectedExceptions parameter');
  return (_target, name, descriptor): void => {
    expected.set(methodOf('@expectedExceptions', name, descriptor), errors);
  };
}

function methodOf(decorator: string, name: string | symbol, descriptor: PropertyDescriptor | undefined): object {
  if (typeof descriptor?.value === 'function') return descriptor.value as object;
  throw new ConfigurationError(`${decorator} on ${String(name)}: expected a method; got an accessor or a field`);
}

/** Returns the error classes that {@link expectedExceptions} declared for a method. */
export function expectedExceptionsOf(method: object): readonly ErrorConstructorLike[] {
  return expected.get(method) ?? [];
}
