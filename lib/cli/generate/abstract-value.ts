import type { ResolvedClass } from './python-class.js';
import type { PythonModule } from './python-module.js';
import type { Place, PythonClass, PythonFunction } from './python-syntax.js';

/** Value of a Python expression, as far as the source tells. */
export type Value =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'constant'; readonly value: number | boolean | null }
  | { readonly kind: 'sequence'; readonly items: readonly Value[] }
  /** Parameter of the method that the walk began with. */
  | { readonly kind: 'parameter'; readonly name: string; readonly fallback: Value | undefined; readonly place: Place }
  /** Dict whose keys are followed; its entries are in the {@link Path}. */
  | { readonly kind: 'dict'; readonly id: number }
  | { readonly kind: 'target'; readonly fields: Fields }
  /** RPC client, or the context that its `prepare` returns. */
  | { readonly kind: 'client'; readonly fields: Fields }
  /** `call` or `cast` of a client. */
  | { readonly kind: 'sender'; readonly how: 'call' | 'cast'; readonly fields: Fields }
  | { readonly kind: 'self' }
  | { readonly kind: 'super'; readonly above: ResolvedClass }
  | { readonly kind: 'method'; readonly function: PythonFunction; readonly of: ResolvedClass }
  | { readonly kind: 'module'; readonly module: PythonModule }
  /** Class whose constants can be read, such as `rpcapi.VolumeAPI`. */
  | { readonly kind: 'class'; readonly definition: PythonClass; readonly module: PythonModule }
  /** One of several values, the one for the default arguments first. */
  | { readonly kind: 'choice'; readonly options: readonly Value[]; readonly usual: boolean }
  | { readonly kind: 'unknown'; readonly place: Place; readonly from: readonly string[] };

/** Fields of a target by their Python names: topic, exchange, namespace, version, server, fanout. */
export interface Fields {
  /** Fields of the client's own target. */
  readonly own: ReadonlyMap<string, Value>;
  /** Fields that `prepare` has replaced. */
  readonly prepared: ReadonlyMap<string, Value>;
}

/** Fields of a target that is not known. */
export const NO_FIELDS: Fields = { own: new Map(), prepared: new Map() };

/** Returns the value of a field after `prepare`. */
export function fieldOf(fields: Fields, name: string): Value | undefined {
  return fields.prepared.get(name) ?? fields.own.get(name);
}

/** Entry of a followed dict. */
export interface Entry {
  readonly value: Value;
  /** True where some paths do not set the key. */
  readonly sometimes: boolean;
}

/** Contents of a followed dict. */
export interface DictContents {
  readonly entries: ReadonlyMap<string, Entry>;
  /** Place that adds keys that the source does not name, such as `**kwargs`. */
  readonly open: Place | undefined;
}

export const NONE: Value = { kind: 'constant', value: null };

/** Returns a value that is not known. */
export function unknown(place: Place, ...from: readonly Value[]): Value {
  return { kind: 'unknown', place, from: [...new Set(from.flatMap(parametersOf))] };
}

/** Returns the names of the parameters that a value was made from. */
export function parametersOf(value: Value): readonly string[] {
  if (value.kind === 'parameter') return [value.name];
  if (value.kind === 'unknown') return value.from;
  if (value.kind === 'choice') return value.options.flatMap(parametersOf);
  return [];
}

/** Returns each value that a value can be. */
export function optionsOf(value: Value): readonly Value[] {
  return value.kind === 'choice' ? value.options : [value];
}

/** Joins the values of two paths; the first one is usual where `usual` is true. */
export function joinValues(one: Value, other: Value, usual = false): Value {
  const options: Value[] = [];
  for (const option of [...optionsOf(one), ...optionsOf(other)])
    if (!options.some((known) => sameValue(known, option))) options.push(option);
  const [only] = options;
  return only !== undefined && options.length === 1 ? only : { kind: 'choice', options, usual };
}

/** Returns true for two values that are the same for certain. */
export function sameValue(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (one.kind !== other.kind) return false;
  if ((one.kind === 'text' || one.kind === 'constant') && (other.kind === 'text' || other.kind === 'constant'))
    return one.value === other.value;
  if (one.kind === 'parameter' && other.kind === 'parameter') return one.name === other.name;
  if (one.kind === 'dict' && other.kind === 'dict') return one.id === other.id;
  if (one.kind === 'method' && other.kind === 'method') return one.function === other.function;
  if (one.kind === 'class' && other.kind === 'class') return one.definition === other.definition;
  if (one.kind === 'unknown' && other.kind === 'unknown')
    return (
      one.place.file === other.place.file && one.place.line === other.place.line && one.place.text === other.place.text
    );
  if ('fields' in one && 'fields' in other) {
    const [mine, yours] = [one.fields, other.fields];
    return sameMap(mine.own, yours.own) && sameMap(mine.prepared, yours.prepared) && howOf(one) === howOf(other);
  }
  if (one.kind === 'choice' && other.kind === 'choice') return sameAll(one.options, other.options);
  if (one.kind === 'sequence' && other.kind === 'sequence') return sameAll(one.items, other.items);
  return one.kind === 'self';
}

function howOf(value: Value): string | undefined {
  return value.kind === 'sender' ? value.how : undefined;
}

function sameAll(ones: readonly Value[], others: readonly Value[]): boolean {
  return ones.length === others.length && ones.every((one, index) => sameValue(one, others[index] ?? NONE));
}

function sameMap(one: ReadonlyMap<string, Value>, other: ReadonlyMap<string, Value>): boolean {
  return (
    one.size === other.size &&
    [...one].every(([name, value]) => {
      const second = other.get(name);
      return second !== undefined && sameValue(value, second);
    })
  );
}
