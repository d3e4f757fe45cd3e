import { type Entry, joinValues, NONE, unknown, type Value } from './abstract-value.js';
import { isApiVersion } from './api-version.js';
import type { Frame, Path } from './path.js';
import { Path as PathClass } from './path.js';
import type { ResolvedClass } from './python-class.js';
import type { Expression, PythonFunction } from './python-syntax.js';
import type { Given, Outcome, Walk } from './walk.js';

/** Runs a method with arguments, and goes on in the caller's frame with its results. */
export function invoke(walk: Walk, called: PythonFunction, of: ResolvedClass, given: Given, path: Path): Outcome[] {
  const caller = path.frame;
  const frame: Frame = { names: new Map(), module: of.module, of };
  const inside = path.within(frame);
  bind(walk, called, given, inside);
  for (const decorator of called.decorators) requireVersion(decorator, inside);
  const flow = walk.execute(called.body, inside);
  const ends = [...flow.returned, ...flow.through.map((end) => ({ path: end, value: NONE }))];
  return joinOutcomes(
    ends.map((end) => ({ value: end.value, path: end.path.within({ ...caller, names: new Map(caller.names) }) })),
  );
}

/** Joins the results of paths that differ in nothing that matters for versions. */
function joinOutcomes(outcomes: readonly Outcome[]): Outcome[] {
  const byVersions = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const known = byVersions.get(outcome.path.versions);
    if (known === undefined) {
      byVersions.set(outcome.path.versions, outcome);
      continue;
    }
    const [usual, other] = outcome.path.usual && !known.path.usual ? [outcome, known] : [known, outcome];
    byVersions.set(outcome.path.versions, {
      path: usual.path.join(other.path),
      value: joinValues(usual.value, other.value, usual.path.usual && !other.path.usual),
    });
  }
  return [...byVersions.values()];
}

/** Binds the parameters of a method to its arguments. */
function bind(walk: Walk, called: PythonFunction, given: Given, path: Path): void {
  const isStatic = called.decorators.some(
    (decorator) => decorator.kind === 'name' && decorator.name === 'staticmethod',
  );
  const positional = [...given.positional];
  const keywords = new Map<string, Entry>(given.keywords);
  const { names } = path.frame;
  let afterStar = false;
  for (const [index, parameter] of called.parameters.entries()) {
    const { name, kind, fallback } = parameter;
    if (index === 0 && !isStatic) {
      names.set(name, { kind: 'self' });
    } else if (kind === 'star') {
      names.set(name, { kind: 'sequence', items: positional.splice(0) });
      afterStar = true;
    } else if (kind === 'keywords') {
      const id = walk.newDict();
      path.setDict(id, { entries: new Map(keywords), open: given.open });
      names.set(name, { kind: 'dict', id });
    } else {
      const keyword = keywords.get(name)?.value;
      keywords.delete(name);
      const value = (afterStar ? undefined : positional.shift()) ?? keyword;
      names.set(name, value ?? defaultOf(walk, fallback, path) ?? unknown(called.place));
    }
  }
}

/** Returns the default value of a parameter, which Python evaluates in the class body. */
export function defaultOf(walk: Walk, fallback: Expression | undefined, path: Path): Value | undefined {
  if (fallback === undefined) return undefined;
  const { module, of } = path.frame;
  return walk.evaluate(fallback, PathClass.begin({ names: new Map(), module, of }))[0]?.value;
}

/** Notes the version that a decorator such as `@assert_min_rpc_version('2.1')` demands. */
function requireVersion(decorator: Expression, path: Path): void {
  if (decorator.kind !== 'call' || decorator.callee.kind !== 'name' || !/version/i.test(decorator.callee.name)) return;
  const [first] = decorator.args;
  if (first?.value.kind === 'text' && isApiVersion(first.value.value)) path.require(first.value.value);
}
