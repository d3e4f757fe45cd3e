import type { Entry, Fields, Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { ResolvedClass } from './python-class.js';
import type { Block, Expression, Place, PythonFunction } from './python-syntax.js';

/** Value of an expression, and the path that led to it. */
export interface Outcome {
  readonly path: Path;
  readonly value: Value;
}

/** Ends of the paths through a block. */
export interface Flow {
  /** Paths that go on after the block. */
  readonly through: readonly Path[];
  /** Paths that leave the function, with the result. */
  readonly returned: readonly Outcome[];
  /** Paths that leave the loop around it, or its turn. */
  readonly jumped: readonly Path[];
}

/** Evaluated arguments of a call. */
export interface Given {
  readonly positional: readonly Value[];
  readonly keywords: ReadonlyMap<string, Entry>;
  /** Place that adds arguments which the source does not name. */
  readonly open: Place | undefined;
}

/** Request that a method sends: one `call` or `cast` on one path. */
export interface SentRequest {
  readonly method: string | undefined;
  readonly how: 'call' | 'cast';
  readonly fields: Fields;
  readonly args: ReadonlyMap<string, Entry>;
  readonly open: Place | undefined;
  readonly usual: boolean;
  /** Highest version that is known to be sendable. */
  readonly atLeast: string | undefined;
  /** Lowest version that is known not to be sendable. Undefined: the way to the newest servers. */
  readonly below: string | undefined;
  /** Tests on the way to older servers where Python raises an error instead. */
  readonly refusals: readonly Place[];
  readonly place: Place;
  /** Class whose method sends it. */
  readonly of: ResolvedClass;
  /** Method that the walk began with. */
  readonly entry: PythonFunction;
}

/** Walk through the methods of a class. The parts of the interpreter call each other through it. */
export interface Walk {
  readonly subject: ResolvedClass;
  evaluate(expression: Expression, path: Path): Outcome[];
  execute(block: Block, path: Path): Flow;
  invoke(called: PythonFunction, of: ResolvedClass, given: Given, path: Path): Outcome[];
  /** Returns the id of a new dict. */
  newDict(): number;
  send(request: Omit<SentRequest, 'entry'>): void;
}

/** Goes on with each outcome. */
export function andThen(outcomes: readonly Outcome[], next: (value: Value, path: Path) => Outcome[]): Outcome[] {
  return outcomes.flatMap(({ value, path }) => next(value, path));
}

/** Evaluates expressions one after another, and goes on with their values. */
export function evaluateAll(
  walk: Walk,
  expressions: readonly Expression[],
  path: Path,
  next: (values: readonly Value[], path: Path) => Outcome[],
  values: readonly Value[] = [],
): Outcome[] {
  const known = [...values];
  let at = path;
  for (const expression of expressions.slice(values.length)) {
    const outcomes = walk.evaluate(expression, at);
    const [only] = outcomes;
    // A list may be long: it goes deeper only where paths part.
    if (only === undefined || outcomes.length > 1)
      return andThen(outcomes, (value, after) => evaluateAll(walk, expressions, after, next, [...known, value]));
    known.push(only.value);
    at = only.path;
  }
  return next(known, at);
}
