import { compareVersions } from '../../internal.js';
import type { FallbackModel } from '../contract/contract-model.js';
import { type Entry, fieldOf, type Value } from './abstract-value.js';
import { isApiVersion } from './api-version.js';
import { quotation } from './quotation.js';
import type { SentRequest } from './walk.js';

/** Older shapes of a method's arguments, and notes about those that cannot be expressed. */
export interface Fallbacks {
  readonly fallback: readonly FallbackModel[];
  readonly notes: readonly string[];
}

/** Returns the version that a request needs: the one it is sent with, or a later one that Python tests for. */
export function versionOf(request: SentRequest): string | undefined {
  const sent = sentVersion(request);
  const { atLeast } = request;
  if (sent === undefined || atLeast === undefined || majorOf(sent) !== majorOf(atLeast)) return sent;
  return compareVersions(atLeast, sent) > 0 ? atLeast : sent;
}

/** Returns the version that a request is sent with, the highest one where it varies. */
export function sentVersion({ fields }: SentRequest): string | undefined {
  const value = fieldOf(fields, 'version');
  const options = value?.kind === 'choice' ? value.options : value === undefined ? [] : [value];
  const versions = options.flatMap((option) =>
    option.kind === 'text' && isApiVersion(option.value) ? [option.value] : [],
  );
  return versions.sort(compareVersions).at(-1);
}

export function majorOf(version: string): string {
  return version.split('.')[0] ?? version;
}

/** Describes the older shapes of a method's arguments, newest first. */
export function describeFallbacks(
  newest: readonly SentRequest[],
  since: string,
  kind: 'call' | 'cast',
  older: readonly SentRequest[],
): Fallbacks {
  const byVersion = new Map<string, SentRequest>();
  for (const request of older) {
    const version = versionOf(request);
    if (version === undefined || majorOf(version) !== majorOf(since) || compareVersions(version, since) >= 0) continue;
    if (!byVersion.has(version)) byVersion.set(version, request);
  }
  const fallback: FallbackModel[] = [];
  const notes: string[] = [];
  for (const [version, request] of [...byVersion].sort(([one], [other]) => compareVersions(other, one))) {
    const newer = newest.find(({ entry, how }) => entry === request.entry && how === kind);
    const shape = newer && request.how === kind ? shapeOf(newer.args, request) : undefined;
    const [refusal] = request.refusals;
    if (refusal !== undefined)
      notes.push(`Servers below ${since}: Python may refuse the arguments, ${quotation(refusal)}.`);
    else if (shape === undefined) notes.push(olderNote(version, request));
    else fallback.push({ version, ...shape });
  }
  return { fallback, notes };
}

function olderNote(version: string, request: SentRequest): string {
  const names = [...request.args.keys()];
  return `Servers that need ${version}: Python sends a ${request.how} with ${names.length === 0 ? 'no arguments' : names.join(', ')} (line ${request.place.line}).`;
}

function shapeOf(newest: ReadonlyMap<string, Entry>, request: SentRequest): Omit<FallbackModel, 'version'> | undefined {
  if (request.open !== undefined) return undefined;
  const added = new Map<string, { value: unknown } | { argument: string }>();
  for (const [name, { value, sometimes }] of request.args) {
    const same = newest.get(name);
    if (same !== undefined && isSame(same.value, value)) continue;
    if (sometimes) return undefined;
    const other = [...newest].find(([, entry]) => isSame(entry.value, value))?.[0];
    if (value.kind === 'constant' || value.kind === 'text') added.set(name, { value: value.value });
    else if (value.kind === 'parameter' && other !== undefined) added.set(name, { argument: other });
    else return undefined;
  }
  const without = [...newest.keys()].filter((name) => !request.args.has(name));
  return { without, with: Object.fromEntries(added) };
}

/** Returns true for two values that are the same for certain. Dicts may have been filled differently. */
function isSame(one: Value, other: Value): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === 'parameter' && other.kind === 'parameter') return one.name === other.name;
  if ((one.kind === 'constant' || one.kind === 'text') && (other.kind === 'constant' || other.kind === 'text'))
    return one.value === other.value;
  if (one.kind === 'unknown' && other.kind === 'unknown')
    return one.place.line === other.place.line && one.place.text === other.place.text;
  if (one.kind === 'choice' && other.kind === 'choice')
    return (
      one.options.length === other.options.length &&
      one.options.every((option, index) => other.options[index] !== undefined && isSame(option, other.options[index]))
    );
  return false;
}
