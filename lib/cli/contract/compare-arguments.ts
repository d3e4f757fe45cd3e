import type { MethodChange } from './change.js';
import { propertiesOf, sameSchema } from './compare-types.js';
import type { MethodModel } from './contract-model.js';

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
    if (!sameSchema(old.argsSchema, current.argsSchema))
      changes.push({ level: 'breaking', kind: 'changed-type', message: 'the type of the arguments has changed' });
    return { changes, needsVersion };
  }
  const [schemas, newSchemas] = [propertiesOf(old.argsSchema), propertiesOf(current.argsSchema)];
  for (const [argument, before] of Object.entries(old.args)) {
    const after = current.args[argument];
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
    if (!sameSchema(schemas?.[argument], newSchemas?.[argument], before.type, after.type))
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
