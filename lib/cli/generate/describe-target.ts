import type { TargetField } from '../contract/contract-model.js';
import type { Value } from './abstract-value.js';
import { quotation, quotedText } from './quotation.js';

/** Fields of the target that the command line gives. They win over the source. */
export type GivenTarget = { readonly [Field in TargetField]?: string | undefined };

/** Target of an API: the known fields, and those that the API is a function of. */
export interface DescribedTarget {
  readonly fields: { readonly topic?: string; readonly exchange?: string; readonly namespace?: string };
  readonly parameters: readonly TargetField[];
  readonly values: ReadonlyMap<string, Value>;
}

/** Describes the target of an API. A field that the source does not tell becomes a parameter: never a guess. */
export function describeTarget(
  own: ReadonlyMap<string, Value | undefined>,
  given: GivenTarget,
  notes: string[],
): DescribedTarget {
  const fields: Record<string, string> = {};
  const parameters: TargetField[] = [];
  const values = new Map<string, Value>();
  for (const name of ['topic', 'exchange', 'namespace'] as const) {
    const option = given[name];
    const value: Value | undefined = option === undefined ? own.get(name) : { kind: 'text', value: option };
    if (value !== undefined) values.set(name, value);
    if (value?.kind === 'text' && value.value !== '') fields[name] = value.value;
    else if (value !== undefined || name === 'topic') {
      parameters.push(name);
      notes.push(notKnown(name, value));
    }
  }
  return { fields, parameters, values };
}

/** Returns the note about a field that the source does not tell. */
export function notKnown(field: TargetField, value: Value | undefined): string {
  if (value?.kind === 'parameter')
    return `The ${field} is given to the class: parameter ${value.name} of ${quotation(value.place)}.`;
  if (value?.kind === 'unknown') return `The ${field} is not known: ${quotation(value.place)}.`;
  if (value?.kind === 'text' && value.value === '') return `The ${field} is empty.`;
  if (value?.kind === 'text') return `The ${field} is not of the form major.minor: ${quotedText(value.value)}.`;
  return `The ${field} is not known: the class does not name it.`;
}
