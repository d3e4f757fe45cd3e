import { types } from 'node:util';

/** Returns true for a plain object: `{ … }`, or one without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Returns the name of a value for errors, or undefined when its fields are its whole content, as with plain objects and
 * most class instances. Never quotes the value, which may be a secret.
 */
export function unfitForFields(value: unknown): string | undefined {
  return isPlainObject(value) || (typeof value === 'object' && value !== null && !losesContent(value))
    ? undefined
    : nameOf(value);
}

/**
 * Returns the name of a promise or an observable for errors: its value was probably meant. Undefined for other values.
 */
export function forgottenAwait(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return isThenable(value) || isObservable(value) ? nameOf(value) : undefined;
}

/** Returns true when the JSON form of a value would be an empty object, or no object. */
function losesContent(value: object): boolean {
  return (
    isThenable(value) ||
    value instanceof Error ||
    types.isNativeError(value) ||
    Symbol.iterator in value ||
    Symbol.asyncIterator in value ||
    isObservable(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isArrayBufferView(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    value instanceof URL
  );
}

function isThenable(value: object): boolean {
  return 'then' in value && typeof value.then === 'function';
}

function isObservable(value: object): boolean {
  return 'subscribe' in value && typeof value.subscribe === 'function';
}

/** Returns the name of a value for errors: `a string`, `an array`, `a Promise: …`. Never quotes the value. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (isThenable(value)) return 'a Promise: is an "await" missing?';
  if (isObservable(value)) return 'an Observable: await its value with firstValueFrom()';
  const name = value.constructor?.name || 'object';
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}

/** Returns true for an object, or a function, with these methods. */
export function hasMethods(value: unknown, methods: readonly string[]): boolean {
  const canHave = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return canHave && methods.every((name) => typeof Reflect.get(value, name) === 'function');
}
