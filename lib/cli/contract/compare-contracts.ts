import { compareVersions, isVersion } from '../../internal.js';
import type { Change, ChangeKind, MethodChange } from './change.js';
import { compareMethods } from './compare-methods.js';
import type { ContractModel } from './contract-model.js';
import { ownValue } from './own-value.js';

/**
 * Compares the contracts of two releases. Breaking is each change that lets a client or a server of the old release fail
 * with one of the new release, unless the API has a new major version.
 */
export function compareContracts(olds: readonly ContractModel[], news: readonly ContractModel[]): Change[] {
  const single = olds.length === 1 && news.length === 1;
  return olds.flatMap((old) => {
    const found = single ? news[0] : news.find(({ name }) => name === old.name);
    if (found === undefined)
      return [{ level: 'breaking', kind: 'removed-api', api: old.name, message: 'the API is gone' }];
    return compareApis(old, found);
  });
}

function compareApis(old: ContractModel, current: ContractModel): Change[] {
  const changes: MethodChange[] = [];
  const breaking = (kind: ChangeKind, message: string) => changes.push({ level: 'breaking', kind, message });
  for (const field of ['topic', 'exchange', 'namespace'] as const)
    if (old[field] !== current[field])
      breaking('changed-target', `${field} ${shown(old[field])} is now ${shown(current[field])}`);
  const [before, after] = [versionOf(old), versionOf(current)];
  if (compareVersions(after, before) < 0) breaking('lowered-version', `version ${before} is now ${after}`);
  changes.push(...compareAliases(old.versionAliases ?? {}, current.versionAliases ?? {}));
  changes.push(...compareMethods({ ...old, version: before }, { ...current, version: after }));
  const isNewMajor = majorOf(after) > majorOf(before);
  return changes.map((change) => ({
    ...change,
    level: isNewMajor && change.level === 'breaking' && change.kind !== 'changed-target' ? 'allowed' : change.level,
    api: current.name,
  }));
}

/** Compares the names of releases, which clients give as cap. */
function compareAliases(olds: Aliases, news: Aliases): MethodChange[] {
  const kept = Object.entries(olds).flatMap(([alias, version]): MethodChange[] => {
    const found = ownValue(news, alias);
    if (found === version) return [];
    const message = `alias '${alias}' ${found === undefined ? 'is gone' : `was ${version} and is now ${found}`}`;
    return [{ level: 'breaking', kind: 'changed-alias', message }];
  });
  const added = Object.keys(news).filter((alias) => !Object.hasOwn(olds, alias));
  return [
    ...kept,
    ...added.map(
      (alias): MethodChange => ({ level: 'notice', kind: 'added-alias', message: `alias '${alias}' is new` }),
    ),
  ];
}

type Aliases = Readonly<Record<string, string>>;

function versionOf({ version }: ContractModel): string {
  return isVersion(version) ? version : '1.0';
}

function majorOf(version: string): number {
  return Number(version.split('.')[0]);
}

function shown(value: string | undefined): string {
  return value === undefined ? '(none)' : `'${value}'`;
}
