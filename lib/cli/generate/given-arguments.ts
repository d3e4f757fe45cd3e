import type { Entry, Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { Argument, Place } from './python-syntax.js';
import { evaluateAll, type Given, type Outcome, type Walk } from './walk.js';

/** Evaluates the arguments of a call, and goes on with them. */
export function withArguments(
  walk: Walk,
  args: readonly Argument[],
  path: Path,
  next: (given: Given, path: Path) => Outcome[],
): Outcome[] {
  return evaluateAll(
    walk,
    args.map(({ value }) => value),
    path,
    (values, after) => next(collect(args, values, after), after),
  );
}

function collect(args: readonly Argument[], values: readonly Value[], path: Path): Given {
  const positional: Value[] = [];
  const keywords = new Map<string, Entry>();
  let open: Place | undefined;
  for (const [index, { kind, name, value: expression }] of args.entries()) {
    const value = values[index];
    if (value === undefined) continue;
    if (kind === 'positional') positional.push(value);
    else if (kind === 'keyword') keywords.set(name, { value, sometimes: false });
    else if (kind === 'star') {
      if (value.kind === 'sequence') positional.push(...value.items);
      else open ??= expression.place;
    } else if (value.kind === 'dict') {
      const contents = path.dict(value.id);
      for (const [key, entry] of contents.entries) keywords.set(key, entry);
      open ??= contents.open;
    } else open ??= expression.place;
  }
  return { positional, keywords, open };
}
