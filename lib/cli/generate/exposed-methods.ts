import type { ResolvedClass } from './python-class.js';
import type { Expression, Parameter, PythonFunction } from './python-syntax.js';

/** Names that the request context has as the first parameter of a method that servers expose. */
const CONTEXT = /^_?((rpc|admin|req|request)_)?(ctxt|context|cxt|ctx|cntxt|cnxt|cntx|contxt|cntext)$/;

/** Method that oslo.service calls in the server itself, though it takes a context. */
const PERIODIC = 'periodic_tasks';

/** Method that a server exposes, and the parameters that travel. */
export interface ExposedMethod {
  readonly function: PythonFunction;
  readonly parameters: readonly Parameter[];
}

/** Methods of a manager class, by their relation to the wire. */
export interface ManagerMethods {
  readonly exposed: ReadonlyMap<string, ExposedMethod>;
  /** First parameter that all public methods share, where it has none of the usual names of a request context. */
  readonly shared: string | undefined;
  /** Public methods of the class itself that take no request context. */
  readonly internal: readonly string[];
}

/** Sorts the public methods of a class and its bases: servers expose those with the request context as first parameter. */
export function managerMethods(subject: ResolvedClass): ManagerMethods {
  const known = publicMethods(subject);
  const firsts = new Set([...known.values()].flatMap((method) => contextOf(method)?.name ?? []));
  const [only] = firsts;
  const shared = firsts.size === 1 && only !== undefined && !CONTEXT.test(only) ? only : undefined;
  const exposed = new Map<string, ExposedMethod>();
  const internal: string[] = [];
  for (const [name, method] of known) {
    const context = contextOf(method);
    if (context !== undefined && (shared !== undefined || CONTEXT.test(context.name)))
      exposed.set(name, { function: method, parameters: method.parameters.slice(isStatic(method) ? 1 : 2) });
    else if (subject.methods.has(name)) internal.push(name);
  }
  return { exposed, shared, internal };
}

/** Returns the public methods, each in the form that Python finds first. */
function publicMethods(subject: ResolvedClass): Map<string, PythonFunction> {
  const methods = new Map<string, PythonFunction>();
  for (const of of subject.lineage)
    for (const [name, method] of of.methods)
      if (!name.startsWith('_') && name !== PERIODIC && !methods.has(name) && !method.decorators.some(isProperty))
        methods.set(name, method);
  return methods;
}

/** Returns the parameter that servers give the request context to. */
function contextOf(method: PythonFunction): Parameter | undefined {
  const first = method.parameters[isStatic(method) ? 0 : 1];
  return first?.kind === 'plain' ? first : undefined;
}

function isStatic(method: PythonFunction): boolean {
  return method.decorators.some((decorator) => decorator.kind === 'name' && decorator.name === 'staticmethod');
}

function isProperty(decorator: Expression): boolean {
  return decorator.kind === 'name' && /(property|setter|deleter)$/.test(decorator.name);
}
