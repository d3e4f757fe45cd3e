import { optionsOf, type Value } from './abstract-value.js';
import type { Path } from './path.js';
import type { Expression } from './python-syntax.js';
import { negated, noneness, valueOfTruth } from './truth.js';
import { evaluateAll, type Outcome, type Walk } from './walk.js';

/** Evaluates a comparison. A test of a name against known texts narrows the name on the paths that follow. */
export function evaluateComparison(walk: Walk, expression: Expression & { kind: 'binary' }, path: Path): Outcome[] {
  const { operator, left, right } = expression;
  return evaluateAll(walk, [left, right], path, ([one, other], after) => {
    if (one === undefined || other === undefined) return [];
    if (/^(is|==|is not|!=)$/.test(operator) && other.kind === 'constant' && other.value === null) {
      const truth = noneness(one);
      return [{ path: after, value: valueOfTruth(/not|!/.test(operator) ? negated(truth) : truth) }];
    }
    if (operator === '==' || operator === '!=') return narrow(left, one, [other], operator === '==', after);
    if ((operator === 'in' || operator === 'not in') && other.kind === 'sequence')
      return narrow(left, one, other.items, operator === 'in', after);
    return [{ path: after, value: valueOfTruth({ sure: undefined, usual: undefined }) }];
  });
}

function narrow(left: Expression, value: Value, among: readonly Value[], wanted: boolean, path: Path): Outcome[] {
  const texts = among.flatMap((one) => (one.kind === 'text' ? [one.value] : []));
  const unsure = [{ path, value: valueOfTruth({ sure: undefined, usual: undefined }) }];
  if (texts.length < among.length) return unsure;
  if (texts.length === 0) return [{ path, value: { kind: 'constant', value: !wanted } }];
  const options = optionsOf(value);
  const within = options.filter((option) => option.kind === 'text' && texts.includes(option.value));
  const without = options.filter((option) => option.kind === 'text' && !texts.includes(option.value));
  const known = within.length + without.length === options.length;
  if (known && (within.length === 0 || without.length === 0))
    return [{ path, value: { kind: 'constant', value: within.length > 0 === wanted } }];
  if (left.kind !== 'name' || !path.frame.names.has(left.name)) return unsure;
  const inside = path.fork();
  const outside = path.fork();
  inside.frame.names.set(left.name, choiceOf(known ? within : among));
  if (known) outside.frame.names.set(left.name, choiceOf(without));
  return [
    { path: inside, value: { kind: 'constant', value: wanted } },
    { path: outside, value: { kind: 'constant', value: !wanted } },
  ];
}

function choiceOf(options: readonly Value[]): Value {
  const [only] = options;
  return only !== undefined && options.length === 1 ? only : { kind: 'choice', options, usual: false };
}
