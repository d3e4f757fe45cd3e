import { basename } from 'node:path';
import { compareVersions } from '../../internal.js';
import type { ContractModel, MethodModel, TargetField } from '../contract/contract-model.js';
import { sameValue, type Value } from './abstract-value.js';
import { isApiVersion } from './api-version.js';
import { apiNameOf } from './contract-names.js';
import { majorOf, sentVersion, versionOf } from './describe-fallback.js';
import { describeMethod } from './describe-method.js';
import { describeTarget, type GivenTarget, notKnown } from './describe-target.js';
import { readDocstring } from './docstring.js';
import type { ResolvedClass } from './python-class.js';
import { quotation } from './quotation.js';
import type { SentRequest } from './walk.js';
import { walkClass } from './walk-class.js';

/** Describes the API that a Python class calls. Undefined for a class that sends no requests. */
export function describeClass(subject: ResolvedClass, given: GivenTarget): ContractModel | undefined {
  const { requests, results, unfinished } = walkClass(subject);
  if (requests.length === 0) return undefined;
  const notes: string[] = [];
  const own = ownFields(requests);
  const target = describeTarget(new Map([...own, ['topic', topicOf(requests, own)]]), given, notes);
  const methods = new Map<string, MethodModel>();
  for (const [name, sent] of byMethod(requests))
    methods.set(
      name,
      describeMethod(sent, { topic: target.values.get('topic'), namespace: own.get('namespace') }, results),
    );
  const { version, versionAliases } = describeVersions(
    subject,
    given.version === undefined ? own : new Map([...own, ['version', { kind: 'text', value: given.version }]]),
    requests,
    methods,
  );
  if (version === undefined) notes.push(notKnown('version', own.get('version')));
  notes.push(...unresolved(requests));
  for (const { name, place } of unfinished)
    notes.push(`Not followed to the end, since it has too many paths: ${name} (line ${place.line}).`);
  const doc = readDocstring(subject.definition.docstring).text;
  const parameters: readonly TargetField[] = [
    ...target.parameters,
    ...(version === undefined ? ['version' as const] : []),
  ];
  return {
    contract: 1,
    name: apiNameOf(subject.name),
    class: subject.name,
    source: basename(subject.module.file),
    ...target.fields,
    ...(version !== undefined && { version }),
    ...(parameters.length > 0 && { parameters }),
    ...(Object.keys(versionAliases).length > 0 && { versionAliases }),
    ...(doc !== '' && { doc }),
    ...(notes.length > 0 && { notes }),
    methods: Object.fromEntries(methods),
  };
}

/** Returns true for a class whose own methods send requests, not only those of its base classes. */
export function sendsRequests(subject: ResolvedClass): boolean {
  return walkClass(subject).requests.some(({ of }) => of.definition === subject.definition);
}

/** Returns the fields of the client's own target. */
function ownFields(requests: readonly SentRequest[]): ReadonlyMap<string, Value> {
  return requests.find(({ fields }) => fields.own.size > 0)?.fields.own ?? new Map();
}

/** Returns the topic of the client's target, else the one that all requests are prepared with. */
function topicOf(requests: readonly SentRequest[], own: ReadonlyMap<string, Value>): Value | undefined {
  const topic = own.get('topic');
  if (topic !== undefined) return topic;
  const [first, ...rest] = requests.map(({ fields }) => fields.prepared.get('topic'));
  return first && rest.every((one) => one && sameValue(one, first)) ? first : undefined;
}

/** Groups the requests by the name of their method, in the order of the source. */
function byMethod(requests: readonly SentRequest[]): Map<string, SentRequest[]> {
  const groups = new Map<string, SentRequest[]>();
  for (const request of requests) {
    if (request.method === undefined) continue;
    const group = groups.get(request.method);
    if (group === undefined) groups.set(request.method, [request]);
    else group.push(request);
  }
  return groups;
}

/** Notes the requests whose method is named nowhere. */
function unresolved(requests: readonly SentRequest[]): string[] {
  const named = new Set(requests.filter(({ method }) => method !== undefined).map(({ place }) => place));
  const unnamed = requests.filter(({ method, place }) => method === undefined && !named.has(place));
  const lines = unnamed.map(({ place }) => `Left out, since its method is not known: ${quotation(place)}.`);
  return [...new Set(lines)];
}

/** Returns the version of the API: the highest one with the major version of its target that the class names. */
function describeVersions(
  subject: ResolvedClass,
  own: ReadonlyMap<string, Value>,
  requests: readonly SentRequest[],
  methods: Map<string, MethodModel>,
): { version: string | undefined; versionAliases: Record<string, string> } {
  const named = [...methods.values()].flatMap(({ since }) => since ?? []);
  const target = own.get('version');
  const ofTarget = target?.kind === 'text' && isApiVersion(target.value) ? [target.value] : [];
  const newest = requests.filter(({ below }) => below === undefined);
  const versions = [
    ...ofTarget,
    ...named,
    ...newest.flatMap((request) => [sentVersion(request), versionOf(request)].flatMap((one) => one ?? [])),
  ];
  if (versions.length === 0) {
    // A target without a version is one of 1.0.
    return { version: own.size > 0 && target === undefined ? '1.0' : undefined, versionAliases: {} };
  }
  const major = majorOf([...versions].sort(compareVersions).at(-1) ?? '1.0');
  const aliases = aliasesOf(subject).filter(([, version]) => majorOf(version) === major);
  const version = [...versions, ...aliases.map(([, one]) => one)]
    .filter((one) => majorOf(one) === major)
    .sort(compareVersions)
    .at(-1);
  for (const [name, method] of methods) {
    if (method.since === undefined || majorOf(method.since) === major) continue;
    const { since, fallback: _, ...rest } = method;
    methods.set(name, {
      ...rest,
      notes: [...(rest.notes ?? []), `Python sends it with version ${since}, of another major version.`],
    });
  }
  return { version, versionAliases: Object.fromEntries(aliases) };
}

/** Returns the releases of `VERSION_ALIASES = {'bobcat': '6.2'}`. */
function aliasesOf(subject: ResolvedClass): [string, string][] {
  const aliases = subject.constant('VERSION_ALIASES')?.value;
  if (aliases?.kind !== 'dict') return [];
  return aliases.items.flatMap(({ key, value }): [string, string][] =>
    key?.kind === 'text' && value.kind === 'text' && isAlias(key.value) && isApiVersion(value.value)
      ? [[key.value, value.value]]
      : [],
  );
}

/** Returns true for a name of a release that `defineRpcApi` takes: the others could be mistaken for versions. */
function isAlias(name: string): boolean {
  return name !== '' && name !== 'auto' && !/^\d/.test(name);
}
