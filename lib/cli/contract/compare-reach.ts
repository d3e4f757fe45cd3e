import { compareVersions } from '../../internal.js';
import type { MethodChange } from './change.js';
import type { FallbackModel } from './contract-model.js';

/** Versions that a method can be sent with. */
export interface Reach {
  /** Version of the present arguments. */
  readonly since: string;
  readonly fallback: readonly FallbackModel[] | undefined;
  /** Version of the API. */
  readonly version: string;
}

/** Compares the oldest servers that a method can be sent to. A fallback keeps those below a raised `since` within reach. */
export function compareReach(old: Reach, current: Reach): MethodChange[] {
  const [oldest, newOldest] = [oldestOf(old), oldestOf(current)];
  if (compareVersions(newOldest, oldest) <= 0) return [];
  const lost = `it can no longer be sent to servers below ${newOldest}`;
  const isRemoved = (old.fallback ?? []).some(({ version }) => compareVersions(version, newOldest) < 0);
  if (isRemoved) return [{ level: 'breaking', kind: 'removed-fallback', message: `a fallback is gone: ${lost}` }];
  // A new version of the API may have new arguments, which servers of the old one do not know.
  const level = compareVersions(current.since, old.version) > 0 ? 'notice' : 'breaking';
  return [{ level, kind: 'raised-since', message: `since ${old.since} is now ${current.since}: ${lost}` }];
}

function oldestOf({ since, fallback = [] }: Reach): string {
  return [since, ...fallback.map(({ version }) => version)].sort(compareVersions)[0] ?? since;
}
