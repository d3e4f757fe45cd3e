import { ConfigurationError } from '../core/errors.js';

/** Method that a decorator exposes, with its name. */
export type ExposedMethod = [name: string, descriptor: PropertyDescriptor];

/**
 * Returns the methods of a prototype that carry the metadata, by name. An override wins over the method that it
 * overrides, and inherits the exposure: all metadata (name, options, guards, pipes) that it does not define itself. An
 * inherited method is copied down, so that two classes can share a base class and still expose its methods differently.
 */
export function decoratedMethods(prototype: object, metadata: string): ExposedMethod[] {
  return exposures(prototype, metadata).map(([key, { level, definitions }]) => {
    const [winner] = definitions as [PropertyDescriptor];
    const descriptor = level === prototype ? winner : copyDown(prototype, key, level);
    inheritMetadata(descriptor.value, definitions);
    return [key, descriptor];
  });
}

/**
 * Returns a method of a prototype, undefined where there is none. An inherited one is copied down. It inherits the metadata
 * of all methods that it overrides, so that no guard is lost.
 */
export function ownMethod(prototype: object, key: string): PropertyDescriptor | undefined {
  const levels = levelsOf(prototype).filter((level) => Object.hasOwn(level, key));
  const definitions = levels.flatMap((level) => Object.getOwnPropertyDescriptor(level, key) ?? []);
  const [winner] = definitions;
  const [level] = levels;
  if (!level || typeof winner?.value !== 'function') return undefined;
  const descriptor = level === prototype ? winner : copyDown(prototype, key, level);
  inheritMetadata(descriptor.value as object, definitions);
  return descriptor;
}

/**
 * Returns the names of methods that carry the metadata, but that Nest does not serve. Those of {@link droppedOverrides}
 * are left out.
 * @param isServed returns true for a prototype whose methods an endpoint class inherits
 */
export function unservedMethods(
  prototype: object,
  metadata: string,
  isServed: (prototype: object) => boolean,
): string[] {
  const dropped = droppedOverrides(prototype);
  return exposures(prototype, metadata)
    .filter(([key, { definitions }]) => !dropped.includes(key) && !isMarked(definitions[0]?.value, PATTERN_HANDLER))
    .filter(([, { level }]) => !isServed(level))
    .map(([key]) => key);
}

/** Name of the method by which Nest reports a class that exposes nothing to the strategy. */
export const EMPTY = '(exposes nothing)';
/** Metadata key by which Nest knows methods with `@MessagePattern` or `@EventPattern`. */
const PATTERN_HANDLER = 'microservices:handler_type';

/** Lets overrides inherit `@MessagePattern` and `@EventPattern`, which Nest drops. */
export function inheritPatterns(prototype: object): void {
  for (const [key, { level, definitions }] of exposures(prototype, PATTERN_HANDLER)) {
    const [winner] = definitions as [PropertyDescriptor];
    if (isMarked(winner.value, PATTERN_HANDLER)) continue;
    const descriptor = level === prototype ? winner : copyDown(prototype, key, level);
    inheritMetadata(descriptor.value, definitions);
  }
}

/** Returns true for a prototype with methods that have `@MessagePattern` or `@EventPattern`, inherited ones included. */
export function hasPatterns(prototype: object): boolean {
  return exposures(prototype, PATTERN_HANDLER).length > 0;
}

/** Returns the names of overrides that Nest does not serve, because they hide a pattern without having one. */
export function droppedOverrides(prototype: object): string[] {
  return exposures(prototype, PATTERN_HANDLER)
    .filter(([, { definitions }]) => !isMarked(definitions[0]?.value, PATTERN_HANDLER))
    .map(([key]) => key);
}

/**
 * Attaches metadata to a decorated method.
 * @throws ConfigurationError for anything but a named instance method
 */
export function markMethod(
  decorator: string,
  metadata: string,
  value: object,
  [target, key, descriptor]: readonly [object, string | symbol, { value?: unknown | undefined }?],
): void {
  const problem = problemOf(target, key, descriptor);
  if (problem) throw new ConfigurationError(`${decorator} on ${String(key)}: ${problem}`);
  Reflect.defineMetadata(metadata, value, descriptor?.value as object);
}

function problemOf(target: object, key: string | symbol, descriptor: { value?: unknown | undefined } | undefined) {
  if (typeof target === 'function') return 'a static method cannot be exposed; decorate a method of the instances';
  if (typeof key === 'symbol') return 'Nest serves only methods with a text as their name, not with a symbol';
  if (typeof descriptor?.value !== 'function') return 'only methods can be exposed, not accessors or fields';
  return undefined;
}

interface Exposure {
  /** Prototype that holds the definition that wins. */
  readonly level: object;
  /** The definition that wins and those that it overrides, up to the nearest one that carries the metadata. */
  readonly definitions: readonly PropertyDescriptor[];
}

function exposures(prototype: object, metadata: string): [string, Exposure][] {
  const found = new Map<string, Exposure>();
  const levels = levelsOf(prototype);
  for (const key of new Set(levels.flatMap((level) => Object.getOwnPropertyNames(level)))) {
    if (key === 'constructor' || key === EMPTY) continue;
    const defining = levels.filter((level) => Object.hasOwn(level, key));
    const all = defining.flatMap((level) => Object.getOwnPropertyDescriptor(level, key) ?? []);
    // An accessor or a field that hides a method exposes nothing.
    const exposing = all.findIndex(({ value }) => isMarked(value, metadata));
    if (exposing < 0 || typeof all[0]?.value !== 'function') continue;
    found.set(key, { level: defining[0] as object, definitions: all.slice(0, exposing + 1) });
  }
  return [...found];
}

function levelsOf(prototype: object): object[] {
  const levels: object[] = [];
  for (let level: object | null = prototype; level && level !== Object.prototype; level = Object.getPrototypeOf(level))
    levels.push(level);
  return levels;
}

function isMarked(value: unknown, metadata: string): boolean {
  return typeof value === 'function' && Reflect.hasOwnMetadata(metadata, value);
}

function inheritMetadata(method: object, definitions: readonly PropertyDescriptor[]): void {
  for (const { value } of definitions) {
    if (typeof value !== 'function') continue;
    for (const name of Reflect.getOwnMetadataKeys(value)) {
      if (!Reflect.hasOwnMetadata(name, method))
        Reflect.defineMetadata(name, Reflect.getOwnMetadata(name, value), method);
    }
  }
}

/** Defines a method that calls the inherited one, looked up for each call: a spy on the base class still works. */
function copyDown(prototype: object, key: string, level: object): PropertyDescriptor {
  const own = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(Reflect.get(level, key) as () => unknown, this, args);
  };
  // Its length tells where default values begin.
  const { length } = Reflect.get(level, key) as () => unknown;
  Object.defineProperty(own, 'length', { value: length, configurable: true });
  const descriptor = { value: own, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, key, descriptor);
  return descriptor;
}
