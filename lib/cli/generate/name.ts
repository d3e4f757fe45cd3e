import { NO_FIELDS, unknown } from './abstract-value.js';
import { Path } from './path.js';
import type { PythonModule } from './python-module.js';
import type { Place } from './python-syntax.js';
import type { Outcome, Walk } from './walk.js';

/** Returns the value of a name: a local one, or one of the module. */
export function readName(walk: Walk, name: string, place: Place, path: Path): Outcome[] {
  const { names, module, of } = path.frame;
  const local = names.get(name);
  if (local !== undefined) return [{ path, value: local }];
  const constant = constantOf(walk, module, name, path);
  if (constant !== undefined) return [{ path, value: constant }];
  // In a class body, names of the class come before those of the module.
  const inClass = of.constants.get(name);
  if (inClass !== undefined && !names.has('self')) return walk.evaluate(inClass, path);
  if (/cctxt|client/i.test(name)) return [{ path, value: { kind: 'client', fields: NO_FIELDS } }];
  return [{ path, value: unknown(place) }];
}

/** Returns a constant or a class of a module, also one that it has imported. */
export function constantOf(
  walk: Walk,
  module: PythonModule,
  name: string,
  path: Path,
  seen: readonly PythonModule[] = [],
): Outcome['value'] | undefined {
  const expression = module.constants.get(name);
  if (expression !== undefined) {
    const frame = { names: new Map(), module, of: path.frame.of };
    // A module's constant may be made of others, but not of itself.
    if (path.frame.names.size === 0 && expression.kind === 'name' && expression.name === name) return undefined;
    return walk.evaluate(expression, Path.begin(frame))[0]?.value;
  }
  const definition = module.classes.get(name);
  if (definition !== undefined) return { kind: 'class', definition, module };
  const origin = module.origin(name);
  if (origin !== undefined && !seen.includes(origin.module)) {
    const value = constantOf(walk, origin.module, origin.name, path, [...seen, module]);
    if (value !== undefined) return value;
  }
  const imported = module.module(name);
  return imported && { kind: 'module', module: imported };
}
