import { optionsOf, unknown, type Value } from './abstract-value.js';
import { evaluate } from './evaluate.js';
import { execute } from './execute.js';
import { defaultOf, invoke } from './invoke.js';
import { type Frame, joinAlike, Path } from './path.js';
import type { ResolvedClass } from './python-class.js';
import type { Block, Expression, PythonFunction } from './python-syntax.js';
import type { Flow, Given, Outcome, SentRequest, Walk } from './walk.js';

/** Calls among the methods of a class are followed to this depth. */
const MAX_CALLS = 12;
/** Expressions that are evaluated for one method, before calls are no longer followed: paths multiply. */
const MAX_STEPS = 50_000;
/** Expressions are followed to this depth: constants may be made of each other. */
const MAX_DEPTH = 400;

/** Requests that the methods of a class send, and the members that its constructor sets. */
export interface WalkedClass {
  readonly requests: readonly SentRequest[];
  readonly members: ReadonlyMap<string, Value>;
  /** Values that each method returns. */
  readonly results: ReadonlyMap<PythonFunction, readonly Value[]>;
  /** Methods with too many paths: not all of their requests may be found. */
  readonly unfinished: readonly PythonFunction[];
}

/** Runs each method of a class with unknown arguments, and collects the requests that it sends. */
export function walkClass(subject: ResolvedClass): WalkedClass {
  const walk = new ClassWalk(subject);
  const members = construct(walk);
  const seen = new Set(['__new__', '__init__']);
  for (const of of subject.lineage)
    for (const [name, method] of of.methods) {
      if (seen.has(name)) continue;
      seen.add(name);
      walk.begin(method, of, members);
    }
  return { requests: walk.requests, members, results: walk.results, unfinished: walk.unfinished };
}

/** Returns the value of an expression in the body of a class of the lineage. */
export function valueInClass(subject: ResolvedClass, expression: Expression, of: ResolvedClass): Value | undefined {
  const frame: Frame = { names: new Map(), module: of.module, of };
  return new ClassWalk(subject).evaluate(expression, Path.begin(frame))[0]?.value;
}

/** Returns the members of an object after one of its methods has run. */
export function membersAfter(
  subject: ResolvedClass,
  method: PythonFunction,
  of: ResolvedClass,
): ReadonlyMap<string, Value> {
  const walk = new ClassWalk(subject);
  return walk.begin(method, of, construct(walk));
}

/** Runs the constructor. Returns the members that it sets. */
function construct(walk: ClassWalk): ReadonlyMap<string, Value> {
  let members: ReadonlyMap<string, Value> = new Map();
  for (const name of ['__new__', '__init__']) {
    const found = walk.subject.method(name);
    if (found !== undefined) members = walk.begin(found.function, found.of, members);
  }
  return members;
}

class ClassWalk implements Walk {
  readonly requests: SentRequest[] = [];
  readonly results = new Map<PythonFunction, readonly Value[]>();
  readonly unfinished: PythonFunction[] = [];
  #entry: PythonFunction | undefined;
  #dicts = 0;
  #depth = 0;
  #steps = 0;
  readonly #running: PythonFunction[] = [];

  constructor(readonly subject: ResolvedClass) {}

  /** Runs a method with its parameters unknown. Returns the members of the object afterwards. */
  begin(method: PythonFunction, of: ResolvedClass, members: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
    this.#entry = method;
    this.#steps = 0;
    const frame: Frame = { names: new Map(), module: of.module, of };
    const path = Path.begin(frame, members);
    const keywords = new Map<string, { value: Value; sometimes: boolean }>();
    let open: Given['open'];
    for (const [index, { name, kind, fallback }] of method.parameters.entries()) {
      if (kind === 'keywords') open = { ...method.place, text: `**${name}` };
      if (kind !== 'plain' || (index === 0 && !isStatic(method))) continue;
      const value: Value = { kind: 'parameter', name, fallback: defaultOf(this, fallback, path), place: method.place };
      keywords.set(name, { value, sometimes: false });
    }
    const ends = this.invoke(method, of, { positional: [], keywords, open }, path);
    if (this.#steps > MAX_STEPS) this.unfinished.push(method);
    this.results.set(
      method,
      ends.flatMap(({ value }) => optionsOf(value)),
    );
    return joinAlike(ends.map((end) => end.path))[0]?.members ?? members;
  }

  evaluate(expression: Expression, path: Path): Outcome[] {
    this.#steps += 1;
    if (this.#depth >= MAX_DEPTH || this.#steps > 2 * MAX_STEPS) return [{ path, value: unknown(expression.place) }];
    this.#depth += 1;
    try {
      return evaluate(this, expression, path);
    } finally {
      this.#depth -= 1;
    }
  }

  execute(block: Block, path: Path): Flow {
    return execute(this, block, path);
  }

  invoke(called: PythonFunction, of: ResolvedClass, given: Given, path: Path): Outcome[] {
    if (this.#running.includes(called) || this.#running.length >= MAX_CALLS || this.#steps > MAX_STEPS)
      return [{ path, value: unknown(called.place) }];
    this.#running.push(called);
    try {
      return invoke(this, called, of, given, path);
    } finally {
      this.#running.pop();
    }
  }

  newDict(): number {
    this.#dicts += 1;
    return this.#dicts;
  }

  send(request: Omit<SentRequest, 'entry'>): void {
    if (this.#entry !== undefined) this.requests.push({ ...request, entry: this.#entry });
  }
}

function isStatic(method: PythonFunction): boolean {
  return method.decorators.some((decorator) => decorator.kind === 'name' && decorator.name === 'staticmethod');
}
