import { compareVersions } from '../../internal.js';
import type { ArgumentModel, MethodModel } from '../contract/contract-model.js';
import { type Entry, fieldOf, joinValues, type Value } from './abstract-value.js';
import { typeOfAnnotation, typeOfWords } from './annotation-type.js';
import type { ApiTarget } from './api-target.js';
import { describeArgument } from './describe-argument.js';
import { describeFallbacks, majorOf, sentVersion, versionOf } from './describe-fallback.js';
import { describeServer } from './describe-server.js';
import { readDocstring } from './docstring.js';
import type { PythonFunction } from './python-syntax.js';
import { quotation } from './quotation.js';
import type { SentRequest } from './walk.js';

/** Describes a method from all requests that are sent under its name. */
export function describeMethod(
  requests: readonly SentRequest[],
  api: ApiTarget,
  results: ReadonlyMap<PythonFunction, readonly Value[]>,
): MethodModel {
  const toNewest = requests.filter(({ below }) => below === undefined);
  const newest = toNewest.length > 0 ? toNewest : requests;
  const notes: string[] = [];
  const kind = kindOf(newest, notes);
  const { entries, open } = mergeArguments(newest);
  const since = sinceOf(newest, requests, entries, notes);
  const older = requests.filter((request) => !newest.includes(request));
  const { fallback, notes: olderNotes } =
    since === undefined ? { fallback: [], notes: [] } : describeFallbacks(newest, since, kind, older);
  notes.push(...olderNotes);
  if (toNewest.length === 0)
    notes.push(
      `Python sends it to servers below ${newest
        .map(({ below }) => below ?? '')
        .sort(compareVersions)
        .at(-1)} only.`,
    );
  const fanouts = newest.map(({ fields }) => isTrue(fieldOf(fields, 'fanout')));
  const fanout = fanouts.every((one) => one) && kind === 'cast';
  if (!fanout && fanouts.some((one) => one))
    notes.push(
      kind === 'call'
        ? 'Python asks for a fanout, which calls cannot have.'
        : 'Python sends it to one server, or to all. For all: $client.prepare({ fanout: true }).',
    );
  const server = describeServer(newest, fanout, entries, api, notes);
  const [first] = newest;
  const args = [...entries].map(([name, entry]): [string, ArgumentModel] => [
    name,
    describeArgument(name, entry, newest, server),
  ]);
  if (open !== undefined) notes.push(`Python adds arguments that are not known: ${quotation(open)}.`);
  const result = kind === 'call' ? resultOf(newest, results) : undefined;
  const doc = documentation(first?.entry, entries);
  return {
    kind,
    ...(since !== undefined && !since.endsWith('.0') && { since }),
    ...(since?.endsWith('.0') && fallback.length > 0 && { since }),
    ...(fanout && { fanout }),
    ...(server !== undefined && { server }),
    ...(fallback.length > 0 && { fallback }),
    args: Object.fromEntries(args),
    ...(open !== undefined && { open: true as const }),
    ...(result !== undefined && result !== 'unknown' && { result }),
    ...(doc !== '' && { doc }),
    ...(notes.length > 0 && { notes: [...new Set(notes)] }),
  };
}

/** Returns `call` or `cast`: for both, the one of the default arguments, or `call`, which includes a cast. */
function kindOf(newest: readonly SentRequest[], notes: string[]): 'call' | 'cast' {
  const kinds = new Set(newest.map(({ how }) => how));
  const usual = new Set(newest.filter((request) => request.usual).map(({ how }) => how));
  const [only] = usual.size === 1 ? usual : kinds;
  const kind = kinds.size === 1 || usual.size === 1 ? (only ?? 'call') : 'call';
  const other = newest.find(({ how }) => how !== kind);
  if (other !== undefined) notes.push(`Python can ${other.how} it, too (line ${other.place.line}).`);
  return kind;
}

function mergeArguments(newest: readonly SentRequest[]): { entries: Map<string, Entry>; open: SentRequest['open'] } {
  const entries = new Map<string, Entry>();
  for (const { args } of newest)
    for (const [name, { value, sometimes }] of args) {
      const known = entries.get(name);
      entries.set(name, {
        value: known === undefined ? value : joinValues(known.value, value),
        sometimes: sometimes || (known?.sometimes ?? false),
      });
    }
  for (const [name, entry] of entries)
    if (newest.some(({ args }) => !args.has(name))) entries.set(name, { ...entry, sometimes: true });
  return { entries, open: newest.find(({ open }) => open !== undefined)?.open };
}

/** Returns the lowest version that the present arguments are sent to. */
function sinceOf(
  newest: readonly SentRequest[],
  requests: readonly SentRequest[],
  entries: ReadonlyMap<string, Entry>,
  notes: string[],
): string | undefined {
  const sent = newest.map(sentVersion);
  const highest = sent
    .flatMap((version) => version ?? [])
    .sort(compareVersions)
    .at(-1);
  const [first] = newest;
  if (highest === undefined) {
    const value = first && fieldOf(first.fields, 'version');
    if (value?.kind === 'unknown') notes.push(`Version not known: ${quotation(value.place)}.`);
    return undefined;
  }
  const alike = requests.filter(
    (request) =>
      sentVersion(request) === highest &&
      (newest.includes(request) ||
        (request.args.size === entries.size && [...entries.keys()].every((name) => request.args.has(name)))),
  );
  const versions = alike
    .flatMap((request) => versionOf(request) ?? [])
    .filter((version) => majorOf(version) === majorOf(highest));
  return versions.sort(compareVersions)[0];
}

/** Returns the type of the result, where the Python method returns it as it came. */
function resultOf(newest: readonly SentRequest[], results: ReadonlyMap<PythonFunction, readonly Value[]>): string {
  const [first] = newest;
  if (first === undefined) return 'unknown';
  const returned = results.get(first.entry) ?? [];
  const asItCame = returned.every(
    (value) => value.kind === 'unknown' && newest.some(({ place }) => place === value.place),
  );
  if (!asItCame || returned.length === 0) return 'unknown';
  const annotated = typeOfAnnotation(first.entry.returns);
  return annotated === 'unknown' ? typeOfWords(readDocstring(first.entry.docstring).returnType) : annotated;
}

function documentation(entry: PythonFunction | undefined, entries: ReadonlyMap<string, Entry>): string {
  const { text, params, returns } = readDocstring(entry?.docstring);
  const fields = [...params].filter(([name]) => entries.has(name)).map(([name, line]) => `- \`${name}\`: ${line}`);
  return [text, fields.join('\n'), returns === undefined ? '' : `Returns ${returns}`]
    .filter((part) => part !== '')
    .join('\n\n');
}

function isTrue(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === true;
}
