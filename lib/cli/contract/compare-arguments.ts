import type { MethodChange } from './change.js';
import { propertiesOf, sameType } from './compare-types.js';
import type { MethodModel } from './contract-model.js';
import { ownValue } from './own-value.js';

/** Changes of a method's arguments, and the reason why they need a new version, if any. */
export interface ArgumentChanges {
  readonly changes: readonly MethodChange[];
  readonly needsVersion: string | undefined;
}

/** Compares the arguments of a method. Nothing is said of arguments that one of the contracts does not know. */
export function compareArguments(old: MethodModel, current: MethodModel): ArgumentChanges {
  const changes: MethodChange[] = [];
  let needsVersion: string | undefined;
  if (old.args === undefined || current.args === undefined) {
    const [before, after] = [old.argsSchema, current.argsSchema];
    if (!sameType({ schema: before, root: before }, { schema: after, root: after }))
      changes.push({ level: 'breaking', kind: 'changed-type', message: 'the type of the arguments has changed' });
    return { changes, needsVersion };
  }
  const [others, newOthers] = [otherArguments(old), otherArguments(current)];
  if ((newOthers === 'refused' && others !== 'refused') || (newOthers === 'dropped' && others === 'taken'))
    changes.push({
      level: 'breaking',
      kind: 'closed-arguments',
      message: `arguments that the contract does not name are ${newOthers} now`,
    });
  const [rules, newRules] = [rulesOf(old.argsSchema), rulesOf(current.argsSchema)];
  if (!sameType({ schema: rules, root: old.argsSchema }, { schema: newRules, root: current.argsSchema }))
    changes.push({ level: 'breaking', kind: 'changed-type', message: 'the rules of the arguments have changed' });
  if (newOthers === 'taken' && others === 'refused')
    needsVersion ??= 'other arguments are taken now, but older servers refuse them';
  const [schemas, newSchemas] = [propertiesOf(old.argsSchema), propertiesOf(current.argsSchema)];
  for (const [argument, before] of Object.entries(old.args)) {
    const after = ownValue(current.args, argument);
    if (after === undefined) {
      if (!current.open)
        changes.push({
          level: 'breaking',
          kind: 'removed-argument',
          argument,
          message: `argument "${argument}" is gone`,
        });
      continue;
    }
    if (before.optional && !after.optional)
      changes.push({
        level: 'breaking',
        kind: 'new-required-argument',
        argument,
        message: `argument "${argument}" is required now`,
      });
    if (!before.optional && after.optional)
      needsVersion ??= `argument "${argument}" is optional now, but older servers require it`;
    const [known, newKnown] = [
      { schema: schemas && ownValue(schemas, argument), root: old.argsSchema, type: before.type },
      { schema: newSchemas && ownValue(newSchemas, argument), root: current.argsSchema, type: after.type },
    ];
    if (!sameType(known, newKnown))
      changes.push({
        level: 'breaking',
        kind: 'changed-type',
        argument,
        message: `the type of argument "${argument}" has changed${before.type === after.type ? '' : `: ${before.type} is now ${after.type}`}`,
      });
  }
  for (const [argument, { optional }] of Object.entries(current.args)) {
    if (Object.hasOwn(old.args, argument) || old.open) continue;
    if (optional) {
      changes.push({ level: 'notice', kind: 'added-argument', argument, message: `argument "${argument}" is new` });
      needsVersion ??= `argument "${argument}" is new, but older servers do not know it`;
    } else
      changes.push({
        level: 'breaking',
        kind: 'new-required-argument',
        argument,
        message: `argument "${argument}" is new and required`,
      });
  }
  return { changes, needsVersion };
}

/** Returns what becomes of arguments that a contract does not name. */
function otherArguments({ argsSchema, open }: MethodModel): 'taken' | 'dropped' | 'refused' | undefined {
  if (open) return 'taken';
  if (argsSchema === undefined) return undefined;
  const { additionalProperties } = (argsSchema ?? {}) as { additionalProperties?: unknown };
  if (additionalProperties === undefined) return 'dropped';
  return additionalProperties === false ? 'refused' : 'taken';
}

/** Returns what a JSON Schema of an object demands besides its properties. */
function rulesOf(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { properties: _, required: __, additionalProperties: others, ...rules } = schema as Record<string, unknown>;
  return typeof others === 'object' ? { ...rules, additionalProperties: others } : rules;
}
