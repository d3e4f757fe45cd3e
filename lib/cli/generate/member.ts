import { fieldOf, joinValues, NO_FIELDS, unknown, type Value } from './abstract-value.js';
import { constantOf } from './name.js';
import { Path } from './path.js';
import { ResolvedClass } from './python-class.js';
import type { Place } from './python-syntax.js';
import type { Outcome, Walk } from './walk.js';

const NOTHING = { positional: [], keywords: new Map(), open: undefined };

/** Returns the value of an attribute. */
export function readMember(walk: Walk, of: Value, name: string, place: Place, path: Path): Outcome[] {
  switch (of.kind) {
    case 'self':
      return readOwnMember(walk, name, place, path);
    case 'super': {
      const found = walk.subject.methodAbove(name, of.above);
      return [{ path, value: found === undefined ? unknown(place) : { kind: 'method', ...found } }];
    }
    case 'client':
      if (name === 'call' || name === 'cast')
        return [{ path, value: { kind: 'sender', how: name, fields: of.fields } }];
      if (name === 'target') return [{ path, value: { kind: 'target', fields: of.fields } }];
      return [{ path, value: unknown(place) }];
    case 'target':
      return [{ path, value: fieldOf(of.fields, name) ?? unknown(place) }];
    case 'module':
      return [{ path, value: constantOf(walk, of.module, name, path) ?? unknown(place) }];
    case 'class':
      return [
        { path, value: classConstant(walk, new ResolvedClass(of.definition, of.module), name) ?? unknown(place) },
      ];
    case 'choice': {
      const [first, ...rest] = of.options.flatMap((option) => readMember(walk, option, name, place, path));
      if (first === undefined) return [{ path, value: unknown(place, of) }];
      return [{ path, value: rest.reduce((joined, { value }) => joinValues(joined, value, of.usual), first.value) }];
    }
    default:
      return [
        {
          path,
          value: /^_?(rpc_)?client$|cctxt/i.test(name) ? { kind: 'client', fields: NO_FIELDS } : unknown(place, of),
        },
      ];
  }
}

function readOwnMember(walk: Walk, name: string, place: Place, path: Path): Outcome[] {
  const set = path.members.get(name);
  if (set !== undefined) return [{ path, value: set }];
  const method = walk.subject.method(name);
  if (method !== undefined) {
    const isProperty = method.function.decorators.some(
      (decorator) => decorator.kind === 'name' && /property$/.test(decorator.name),
    );
    if (isProperty) return walk.invoke(method.function, method.of, NOTHING, path);
    return [{ path, value: { kind: 'method', ...method } }];
  }
  const constant = classConstant(walk, walk.subject, name);
  if (constant !== undefined) return [{ path, value: constant }];
  // A mixin uses the client that another class makes.
  if (/client$/i.test(name)) return [{ path, value: { kind: 'client', fields: NO_FIELDS } }];
  return [{ path, value: unknown(place) }];
}

/** Returns the value assigned to a name in the body of a class. Undefined for a dict: another path has its entries. */
function classConstant(walk: Walk, subject: ResolvedClass, name: string): Value | undefined {
  const constant = subject.constant(name);
  if (constant === undefined) return undefined;
  const frame = { names: new Map(), module: constant.of.module, of: constant.of };
  const [outcome] = walk.evaluate(constant.value, Path.begin(frame));
  return outcome?.value.kind === 'dict' ? undefined : outcome?.value;
}
