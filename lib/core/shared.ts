import { LIBRARY_VERSION } from './library-version.js';

/*
 * One state for two copies. The package contains the library twice: as an ES module and as CommonJS. Node.js and bundlers
 * take the ES module for `import` and for `require`, so a program has one copy. Other loaders take one for each: Jest with
 * `--experimental-vm-modules`, tsx, Yarn's Plug'n'Play, Node.js with `--no-require-module`. The second copy then takes the
 * values and classes of the first. So `instanceof`, registries and injection tokens work across both.
 *
 * Copies of one module system stay apart. After Jest's `resetModules` the library is fresh, and two installations in one
 * program do not mix. Versions stay apart, too.
 */

type ModuleSystem = 'import' | 'require';
type Copies = Partial<Record<ModuleSystem, Map<string, unknown>>>;

/** Module system that has loaded this copy. */
const SYSTEM: ModuleSystem = typeof module === 'undefined' ? 'import' : 'require';
const OTHER: ModuleSystem = SYSTEM === 'import' ? 'require' : 'import';
const COPIES = Symbol.for(`nestjs-oslo-messaging ${LIBRARY_VERSION}`);

/** Values of this copy, by the object that keeps them. */
const own = new Map<object, Map<string, unknown>>();

/**
 * Returns a value of the other copy of this library, if there is one, else a new value.
 * @param name unique name of the value
 * @param owner object that both copies know and that keeps the value. Default: `globalThis`
 */
export function shared<T>(name: string, make: () => T, owner: object = globalThis): T {
  const copies = copiesOf(owner);
  const values = own.get(owner) ?? new Map<string, unknown>();
  own.set(owner, values);
  copies[SYSTEM] = values;
  const theirs = copies[OTHER];
  const value = theirs?.has(name) ? theirs.get(name) : make();
  values.set(name, value);
  return value as T;
}

/** Class decorator form of {@link shared}. A bundler may rename classes, but their names travel as those of errors. */
export function sharedClass(name: string, owner?: object) {
  return <C extends object>(ownClass: C): C => {
    Reflect.defineProperty(ownClass, 'name', { value: name, configurable: true });
    return shared(`class ${name}`, () => ownClass, owner);
  };
}

function copiesOf(owner: object): Copies {
  const known: unknown = Reflect.get(owner, COPIES);
  if (known) return known as Copies;
  const copies: Copies = {};
  // Returns false where the object is frozen. Nothing is shared then.
  Reflect.defineProperty(owner, COPIES, { value: copies });
  return copies;
}
