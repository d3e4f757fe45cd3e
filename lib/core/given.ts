import { types } from 'node:util';

/** Returns whether a value is an object of the language's own kind: `{ … }`, or one without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Returns what a value is, for errors, unless its fields are all that there is to it, as with plain objects and most
 * class instances. Never quotes the value: it may be a secret.
 */
export function unfitForFields(value: unknown): string | undefined {
  return isPlainObject(value) || (typeof value === 'object' && value !== null && !losesContent(value))
    ? undefined
    : nameOf(value);
}

/** Returns what a value is, for errors, if it only comes to what is meant: a promise, or an observable. */
export function forgottenAwait(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return isThenable(value) || isObservable(value) ? nameOf(value) : undefined;
}

/** Tells whether JSON would write an empty object, or no object, for a value. */
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

/** Returns what a value is, for errors: `a string`, `an array`, `a Promise: …`. Never quotes it. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (isThenable(value)) return 'a Promise: is an "await" missing?';
  if (isObservable(value)) return 'an Observable: await its value with firstValueFrom()';
  const name = value.constructor?.name || 'object';
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
