import { RPCAccessPolicyBase } from '../core/access-policy.js';
import { ConfigurationError } from '../core/errors.js';
import { checkOptions, type Rule } from '../core/option-rules.js';

export { RPCAccessPolicyBase };

/** Every method, private ones too. */
export class LegacyRPCAccessPolicy extends RPCAccessPolicyBase {
  override isAllowed(_endpoint: object, _method: string): boolean {
    return true;
  }
}

/** Every method whose name does not begin with an underscore. */
export class DefaultRPCAccessPolicy extends RPCAccessPolicyBase {
  override isAllowed(_endpoint: object, method: string): boolean {
    return !method.startsWith('_');
  }
}

const exposed = new WeakSet<object>();
const expected = new WeakMap<object, readonly ErrorConstructorLike[]>();

/** Only methods marked with {@link expose}. */
export class ExplicitRPCAccessPolicy extends RPCAccessPolicyBase {
  override isAllowed(endpoint: object, method: string): boolean {
    const value: unknown = Reflect.get(endpoint, method);
    return typeof value === 'function' && exposed.has(value);
  }
}

/** Any class of errors. */
export type ErrorConstructorLike = abstract new (...args: never[]) => Error;

/** Accepts an array of classes of errors. */
export const errorClasses: Rule = (value) =>
  Array.isArray(value) && value.every(isErrorClass) ? undefined : 'an array of classes that extend Error';

function isErrorClass(value: unknown): boolean {
  return value === Error || (typeof value === 'function' && value.prototype instanceof Error);
}

/** Method decorator: can be called under {@link ExplicitRPCAccessPolicy}. */
export function expose(): MethodDecorator {
  return (_target, name, descriptor): void => {
    exposed.add(methodOf('@expose', name, descriptor));
  };
}

/** Method decorator: errors of these classes reach the caller as they are, and are not logged as the server's faults. */
export function expectedExceptions(...errors: ErrorConstructorLike[]): MethodDecorator {
  checkOptions({ errors }, { errors: errorClasses }, '', '@expectedExceptions parameter');
  return (_target, name, descriptor): void => {
    expected.set(methodOf('@expectedExceptions', name, descriptor), errors);
  };
}

function methodOf(decorator: string, name: string | symbol, descriptor: PropertyDescriptor | undefined): object {
  if (typeof descriptor?.value === 'function') return descriptor.value as object;
  throw new ConfigurationError(`${decorator} on ${String(name)}: only methods can be called, not accessors or fields`);
}

/** Errors declared by {@link expectedExceptions}. */
export function expectedExceptionsOf(method: object): readonly ErrorConstructorLike[] {
  return expected.get(method) ?? [];
}
