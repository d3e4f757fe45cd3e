import {
  type DictContents,
  type Entry,
  fieldOf,
  joinValues,
  optionsOf,
  unknown,
  type Value,
} from './abstract-value.js';
import { evaluateCall } from './evaluate-call.js';
import { evaluateComparison } from './evaluate-comparison.js';
import { readMember } from './member.js';
import { readName } from './name.js';
import type { Path } from './path.js';
import type { Expression } from './python-syntax.js';
import { negated, truthOf, valueOfTruth } from './truth.js';
import { andThen, evaluateAll, type Outcome, type Walk } from './walk.js';

/** Evaluates an expression on a path. */
export function evaluate(walk: Walk, expression: Expression, path: Path): Outcome[] {
  const { place } = expression;
  switch (expression.kind) {
    case 'text':
    case 'constant':
      return [{ path, value: expression }];
    case 'name':
      return readName(walk, expression.name, place, path);
    case 'attribute':
      return andThen(walk.evaluate(expression.of, path), (value, after) =>
        readMember(walk, value, expression.name, place, after),
      );
    case 'sequence':
      return evaluateAll(walk, expression.items, path, (items, after) => [
        { path: after, value: { kind: 'sequence', items } },
      ]);
    case 'dict':
      return evaluateDict(walk, expression, path);
    case 'call':
      return evaluateCall(walk, expression, path);
    case 'conditional':
      return andThen(walk.evaluate(expression.test, path), (test, after) => {
        const { sure, usual } = truthOf(test);
        if (sure !== undefined) return walk.evaluate(sure ? expression.yes : expression.no, after);
        const [first, second] = usual === false ? [expression.no, expression.yes] : [expression.yes, expression.no];
        return andThen(walk.evaluate(first, after), (one, next) =>
          andThen(walk.evaluate(second, next), (other, last) => [
            { path: last, value: joinValues(one, other, usual !== undefined) },
          ]),
        );
      });
    case 'not':
      return andThen(walk.evaluate(expression.of, path), (value, after) => [
        { path: after, value: valueOfTruth(negated(truthOf(value))) },
      ]);
    case 'binary':
      return evaluateBinary(walk, expression, path);
    case 'subscript':
      return evaluateSubscript(walk, expression, path);
    case 'other':
      // Requests may be sent inside, as in `[f(x) for x in cctxt.call(…)]`.
      return evaluateAll(walk, expression.parts, path, (parts, after) => [
        { path: after, value: unknown(place, ...parts) },
      ]);
  }
}

function evaluateDict(walk: Walk, { items, place }: Expression & { kind: 'dict' }, path: Path): Outcome[] {
  const id = walk.newDict();
  const expressions = items.flatMap(({ key, value }) => (key === undefined ? [value] : [key, value]));
  return evaluateAll(walk, expressions, path, (values, after) => {
    const entries = new Map<string, Entry>();
    let open: DictContents['open'];
    let at = 0;
    for (const item of items) {
      const key = item.key === undefined ? undefined : values[at++];
      const value = values[at++];
      if (value === undefined) continue;
      if (key?.kind === 'text') entries.set(key.value, { value, sometimes: false });
      else if (key === undefined && value.kind === 'dict') {
        const added = after.dict(value.id);
        for (const [name, entry] of added.entries) entries.set(name, entry);
        open ??= added.open;
      } else open = item.value.place ?? place;
    }
    after.setDict(id, { entries, open });
    return [{ path: after, value: { kind: 'dict', id } }];
  });
}

function evaluateBinary(walk: Walk, expression: Expression & { kind: 'binary' }, path: Path): Outcome[] {
  const { operator, left, right, place } = expression;
  if (operator === 'and' || operator === 'or')
    return andThen(walk.evaluate(left, path), (first, after) => {
      const { sure } = truthOf(first);
      if (sure === (operator === 'or')) return [{ path: after, value: first }];
      if (sure !== undefined) return walk.evaluate(right, after);
      return andThen(walk.evaluate(right, after), (second, last) => {
        const isTest = first.kind === 'choice' && first.options.every(({ kind }) => kind === 'constant');
        const value = isTest
          ? valueOfTruth({
              sure: truthOf(second).sure === (operator === 'or') ? operator === 'or' : undefined,
              usual: undefined,
            })
          : joinValues(first, second);
        return [{ path: last, value }];
      });
    });
  if (/^([=!<>]=?|in|not in|is|is not)$/.test(operator)) return evaluateComparison(walk, expression, path);
  return evaluateAll(walk, [left, right], path, ([first, second], after) => {
    if (operator === '+' && first?.kind === 'sequence' && second?.kind === 'sequence')
      return [{ path: after, value: { kind: 'sequence', items: [...first.items, ...second.items] } }];
    if (operator === '+' && first?.kind === 'text' && second?.kind === 'text')
      return [{ path: after, value: { kind: 'text', value: first.value + second.value } }];
    return [{ path: after, value: unknown(place, ...[first, second].flatMap((value) => value ?? [])) }];
  });
}

function evaluateSubscript(walk: Walk, expression: Expression & { kind: 'subscript' }, path: Path): Outcome[] {
  const { of, index, place } = expression;
  return andThen(walk.evaluate(of, path), (value, after) => {
    if (index.kind === 'slice') {
      const [from, to] = [boundOf(index.from, 0), boundOf(index.to, undefined)];
      if (value.kind !== 'sequence' || from === 'unknown' || to === 'unknown')
        return [{ path: after, value: unknown(place, value) }];
      return [{ path: after, value: { kind: 'sequence', items: value.items.slice(from, to) } }];
    }
    return andThen(walk.evaluate(index, after), (key, last) => [
      { path: last, value: item(value, key, last) ?? unknown(place, value) },
    ]);
  });
}

/** Returns the bound of a slice: the default for none and for `None`. */
function boundOf<Default>(at: Expression | undefined, byDefault: Default): number | Default | 'unknown' {
  if (at === undefined || (at.kind === 'constant' && at.value === null)) return byDefault;
  return at.kind === 'constant' && Number.isInteger(Number(at.value)) ? Number(at.value) : 'unknown';
}

function item(value: Value, key: Value, path: Path): Value | undefined {
  if (value.kind === 'sequence' && key.kind === 'constant') return value.items.at(Number(key.value));
  if (key.kind === 'text' && value.kind === 'dict') return path.dict(value.id).entries.get(key.value)?.value;
  if (key.kind === 'text' && value.kind === 'target') return fieldOf(value.fields, key.value);
  const found = optionsOf(key).map((option) => (option === key ? undefined : item(value, option, path)));
  const [first, ...rest] = found;
  if (first === undefined) return undefined;
  return rest.reduce<Value | undefined>((joined, one) => joined && one && joinValues(joined, one), first);
}
