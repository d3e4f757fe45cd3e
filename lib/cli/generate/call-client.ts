import { type Fields, fieldOf, NO_FIELDS, unknown, type Value } from './abstract-value.js';
import { isApiVersion } from './api-version.js';
import type { Path } from './path.js';
import type { Place } from './python-syntax.js';
import { sendRequest } from './send-request.js';
import type { Given, Outcome, Walk } from './walk.js';

const TARGET_FIELDS = ['exchange', 'topic', 'namespace', 'version', 'server', 'fanout'];

/** Calls a method of an RPC client: `prepare`, `can_send_version`, `call`, `cast`, and `client` of a router. */
export function callClient(
  walk: Walk,
  fields: Fields,
  name: string,
  given: Given,
  place: Place,
  path: Path,
): Outcome[] {
  switch (name) {
    case 'prepare':
      return [{ path, value: { kind: 'client', fields: { own: fields.own, prepared: prepared(fields, given) } } }];
    case 'can_send_version': {
      const version = given.positional[0] ?? given.keywords.get('version')?.value ?? fieldOf(fields, 'version');
      if (version?.kind !== 'text' || !isApiVersion(version.value))
        return [{ path, value: { kind: 'constant', value: true } }];
      return path
        .whereSendable(version.value)
        .map(({ path: way, sendable }): Outcome => ({ path: way, value: { kind: 'constant', value: sendable } }));
    }
    case 'call':
    case 'cast':
      sendRequest(walk, { kind: 'sender', how: name, fields }, given, place, path);
      return [{ path, value: unknown(place) }];
    case 'client':
      return [{ path, value: { kind: 'client', fields } }];
    default:
      return [{ path, value: unknown(place) }];
  }
}

function prepared(fields: Fields, given: Given): ReadonlyMap<string, Value> {
  const overlay = new Map(fields.prepared);
  for (const name of TARGET_FIELDS) {
    const value = given.keywords.get(name)?.value;
    if (value !== undefined && !(value.kind === 'constant' && value.value === null)) overlay.set(name, value);
  }
  return overlay;
}

/** Returns the target of `Target(topic=…, version=…)`. */
export function makeTarget(given: Given): Value {
  const own = new Map<string, Value>();
  for (const [index, name] of ['exchange', 'topic', 'namespace', 'version', 'server', 'fanout'].entries()) {
    const value = given.keywords.get(name)?.value ?? given.positional[index];
    if (value !== undefined && !(value.kind === 'constant' && value.value === null)) own.set(name, value);
  }
  return { kind: 'target', fields: { own, prepared: new Map() } };
}

/**
 * Returns the client that a function makes, from its name and arguments: `get_client(target)`, `get_rpc_client(topic=…)`,
 * `BackingOffClient(transport, target)`, `ClientRouter(client)`. Undefined for other functions.
 */
export function makeClient(name: string, given: Given): Value | undefined {
  const values = [...given.positional, ...[...given.keywords.values()].map(({ value }) => value)];
  const client = values.find(({ kind }) => kind === 'client');
  if (client !== undefined && /client|router/i.test(name)) return client;
  if (!/client$/i.test(name)) return undefined;
  const target = values.find(({ kind }) => kind === 'target');
  if (target?.kind === 'target') return { kind: 'client', fields: target.fields };
  if (given.keywords.has('topic')) {
    const made = makeTarget({ ...given, positional: [] });
    return { kind: 'client', fields: made.kind === 'target' ? made.fields : NO_FIELDS };
  }
  return { kind: 'client', fields: NO_FIELDS };
}
