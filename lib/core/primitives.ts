import { isUtf8 } from 'node:buffer';
import { types } from 'node:util';
import { circleIn } from './circle.js';
import { ClientSendError } from './errors.js';

/** Maximum depth that is converted. Deeper values are searched for a circle; JSON.stringify decides on others. */
const MAX_DEPTH = 1000;
/** Classes that JSON.stringify writes as `{}`. */
const WITHOUT_FORM = [Promise, WeakMap, WeakSet, WeakRef, RegExp, ArrayBuffer, SharedArrayBuffer, DataView, Blob];

/** Keys and indexes of the current place. One array for all walks, because a walk ends before the next begins. */
const path: (string | number)[] = [];
/** The whole value of the walk. */
let root: unknown;
/** True once the walk has searched the whole value for a circle: at its first place that is too deep. */
let isSearched = false;

/**
 * Converts the parts of a value that `JSON.stringify` would lose, as Python's jsonutils does: a set becomes an array, a map
 * an object, an error its text, UTF-8 bytes their text. Returns the value itself when it has no such parts.
 * @throws ClientSendError with the path of a part that has no JSON form, or that refers to an object which holds it
 */
export function toPrimitives(value: unknown): unknown {
  path.length = 0;
  root = value;
  isSearched = false;
  try {
    return primitiveOf(value);
  } finally {
    root = undefined;
  }
}

/** @param decided true for the result of a `toJSON`: JSON.stringify does not call another `toJSON` on it */
function primitiveOf(value: unknown, decided = false): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (path.length > MAX_DEPTH) {
    assertNoCircle();
    return value;
  }
  if (Array.isArray(value)) return elements(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    return !decided && hasOwnForm(value) ? ownForm(value) : members(value as Record<string, unknown>);
  return converted(value, decided);
}

function assertNoCircle(): void {
  if (isSearched) return;
  isSearched = true;
  const circle = circleIn(root);
  if (circle === undefined) return;
  throw new ClientSendError(`The message cannot be written as JSON: ${circle}; send plain data`);
}

function elements(values: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'object' || value === null) continue;
    path.push(index);
    const primitive = primitiveOf(value);
    path.pop();
    if (primitive === value) continue;
    copy ??= [...values];
    copy[index] = primitive;
  }
  return copy ?? values;
}

function members(values: Record<string, unknown>): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const key in values) {
    const value = values[key];
    if (typeof value !== 'object' || value === null) continue;
    path.push(key);
    const primitive = primitiveOf(value);
    path.pop();
    if (primitive === value) continue;
    // Not by a spread and assignment, because a key may be `__proto__`.
    copy ??= Object.fromEntries(Object.entries(values));
    Object.defineProperty(copy, key, { value: primitive, writable: true, enumerable: true, configurable: true });
  }
  return copy ?? values;
}

function converted(value: object, decided: boolean): unknown {
  if (value instanceof Map) return members(Object.fromEntries([...value].map(([key, item]) => [String(key), item])));
  if (value instanceof Uint8Array) return textOf(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as Iterable<number>);
  if (!decided && hasOwnForm(value)) return ownForm(value);
  if (value instanceof Error) return String(value);
  if (WITHOUT_FORM.some((type) => value instanceof type) || isThenable(value)) throw refusal(value);
  // A set, or an iterator such as that of `map.keys()`. A class with fields may be iterable, too, and keeps its fields.
  if (isIterable(value) && Object.keys(value).length === 0) return elements([...value]);
  if (Symbol.asyncIterator in value && Object.keys(value).length === 0) throw refusal(value);
  return members(value as Record<string, unknown>);
}

const hasOwnForm = (value: object): value is { toJSON(key: string): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';

/** Returns the converted result of `toJSON`, or the value itself when that result needs no conversion. */
function ownForm(value: { toJSON(key: string): unknown }): unknown {
  if (types.isDate(value)) return value;
  const form = value.toJSON(String(path.at(-1) ?? ''));
  const primitive = primitiveOf(form, true);
  return primitive === form ? value : primitive;
}

const NO_FORM = ', which JSON has no form for';

const isIterable = (value: object): value is Iterable<unknown> =>
  Symbol.iterator in value && typeof value[Symbol.iterator] === 'function';

const isThenable = (value: object) => 'then' in value && typeof value.then === 'function';

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw refusal(bytes, ' that is not UTF-8; send it as base64');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function refusal(
  value: object,
  why = NO_FORM + (isThenable(value) ? ': is an "await" missing?' : ''),
): ClientSendError {
  const place = path.slice(0, 20).join('.').slice(0, 200);
  const name = value.constructor?.name || Object.prototype.toString.call(value).slice(8, -1);
  return new ClientSendError(
    `${place || 'The value'}: cannot send ${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}${why}`,
  );
}
