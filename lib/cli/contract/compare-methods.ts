import { compareVersions, isVersion } from '../../internal.js';
import type { ChangeKind, MethodChange } from './change.js';
import { compareArguments } from './compare-arguments.js';
import { compareReach } from './compare-reach.js';
import { compareServers } from './compare-servers.js';
import { sameType } from './compare-types.js';
import type { ContractModel, MethodModel } from './contract-model.js';
import { ownValue } from './own-value.js';

type Versioned = ContractModel & { readonly version: string };

/** Compares the methods of an API. */
export function compareMethods(old: Versioned, current: Versioned): MethodChange[] {
  const changes: MethodChange[] = [];
  for (const [name, method] of Object.entries(old.methods)) {
    const found = ownValue(current.methods, name);
    if (found === undefined)
      changes.push({ level: 'breaking', kind: 'removed-method', method: name, message: 'the method is gone' });
    else changes.push(...compareMethod(name, method, found, old, current));
  }
  for (const [name, method] of Object.entries(current.methods)) {
    if (Object.hasOwn(old.methods, name)) continue;
    changes.push({ level: 'notice', kind: 'added-method', method: name, message: 'the method is new' });
    if (compareVersions(sinceOf(method, current), old.version) <= 0)
      changes.push(bump(name, `the method is new, but servers of ${old.version} lack it`, old.version));
  }
  return changes;
}

function compareMethod(
  name: string,
  old: MethodModel,
  current: MethodModel,
  before: Versioned,
  after: Versioned,
): MethodChange[] {
  const changes: MethodChange[] = [];
  const add = (level: MethodChange['level'], kind: ChangeKind, message: string) =>
    changes.push({ level, kind, method: name, message });
  if (old.kind !== current.kind) add('breaking', 'changed-kind', `a ${old.kind} is now a ${current.kind}`);
  if ((old.fanout ?? false) !== (current.fanout ?? false))
    add('notice', 'changed-fanout', current.fanout ? 'it now goes to all servers' : 'it now goes to one server');
  const [since, newSince] = [sinceOf(old, before), sinceOf(current, after)];
  const sameMajor = since.split('.')[0] === newSince.split('.')[0];
  if (sameMajor && compareVersions(newSince, since) < 0)
    add('breaking', 'lowered-since', `since ${since} is now ${newSince}: it would be sent to servers that lack it`);
  changes.push(...compareServers(old.server, current.server).map((change) => ({ ...change, method: name })));
  if (sameMajor) {
    const [reach, newReach] = [
      { since, fallback: old.fallback, version: before.version },
      { since: newSince, fallback: current.fallback, version: after.version },
    ];
    changes.push(...compareReach(reach, newReach).map((change) => ({ ...change, method: name })));
  }
  const [result, newResult] = [
    { schema: old.resultSchema, root: old.resultSchema, type: old.result },
    { schema: current.resultSchema, root: current.resultSchema, type: current.result },
  ];
  if (!sameType(result, newResult))
    add('breaking', 'changed-type', `the type of the result has changed${types(old.result, current.result)}`);
  const { changes: ofArguments, needsVersion } = compareArguments(old, current);
  changes.push(...ofArguments.map((change) => ({ ...change, method: name })));
  if (needsVersion !== undefined && compareVersions(newSince, before.version) <= 0)
    changes.push(bump(name, needsVersion, before.version));
  return changes;
}

function bump(method: string, reason: string, version: string): MethodChange {
  return {
    level: 'breaking',
    kind: 'missing-version-bump',
    method,
    message: `${reason}; give it a \`since\` above ${version}, and raise the version of the API`,
  };
}

/** Returns the version that a method is sent with. */
function sinceOf({ since }: MethodModel, { version }: Versioned): string {
  return isVersion(since) ? since : `${version.split('.')[0]}.0`;
}

function types(old: string | undefined, current: string | undefined): string {
  return old === undefined || current === undefined ? '' : `: ${old} is now ${current}`;
}
