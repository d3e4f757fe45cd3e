/**
 * The methods of a prototype that carry the metadata, by name. An inherited one is copied down, so that two classes can
 * share a base class and still say different things of its methods.
 */
export function decoratedMethods(prototype: object, metadata: string): [string, PropertyDescriptor][] {
  const found = new Map<string, PropertyDescriptor>();
  for (
    let level: object | null = prototype;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const key of Object.getOwnPropertyNames(level)) {
      const descriptor = Object.getOwnPropertyDescriptor(level, key);
      if (
        found.has(key) ||
        typeof descriptor?.value !== 'function' ||
        !Reflect.hasOwnMetadata(metadata, descriptor.value)
      )
        continue;
      found.set(key, level === prototype ? descriptor : copyDown(prototype, key, descriptor));
    }
  }
  return [...found];
}

function copyDown(prototype: object, key: string, { value: inherited }: PropertyDescriptor): PropertyDescriptor {
  const own = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(inherited, this, args);
  };
  for (const name of Reflect.getOwnMetadataKeys(inherited))
    Reflect.defineMetadata(name, Reflect.getOwnMetadata(name, inherited), own);
  const descriptor = { value: own, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, key, descriptor);
  return descriptor;
}
