import type { Value } from './abstract-value.js';
import type { ResolvedClass } from './python-class.js';
import type { Block, Expression } from './python-syntax.js';
import { membersAfter, valueInClass } from './walk-class.js';

/**
 * Returns the fields of a manager's target: of `target = Target(version='1.1')` in the class body, else of `self.target`
 * that one of its methods sets.
 */
export function endpointTarget(subject: ResolvedClass): ReadonlyMap<string, Value> | undefined {
  const found = subject.constant('target');
  if (found !== undefined) return ownFields(valueInClass(subject, found.value, found.of));
  for (const of of subject.lineage)
    for (const method of of.methods.values()) {
      if (!setsTarget(method.body)) continue;
      const fields = ownFields(membersAfter(subject, method, of).get('target'));
      if (fields !== undefined) return fields;
    }
  return undefined;
}

function ownFields(value: Value | undefined): ReadonlyMap<string, Value> | undefined {
  return value?.kind === 'target' ? value.fields.own : undefined;
}

/** Returns true where a body has `self.target = …`, which is cheaper to find than to run. */
function setsTarget(block: Block): boolean {
  return block.some((statement) => {
    switch (statement.kind) {
      case 'assign':
        return statement.targets.some(isTarget);
      case 'if':
        return setsTarget(statement.yes) || setsTarget(statement.no);
      case 'with':
      case 'loop':
        return setsTarget(statement.body);
      case 'try':
        return [statement.body, ...statement.handlers, statement.last].some(setsTarget);
      default:
        return false;
    }
  });
}

function isTarget(expression: Expression): boolean {
  return (
    expression.kind === 'attribute' &&
    expression.name === 'target' &&
    expression.of.kind === 'name' &&
    expression.of.name === 'self'
  );
}
