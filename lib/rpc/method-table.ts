import { ConfigurationError, NoSuchMethod, UnsupportedVersion } from '../core/errors.js';
import { Target } from '../core/target.js';
import { versionIsCompatible } from '../core/version.js';
import type { IncomingMessage } from '../drivers/driver.js';
import { type ErrorConstructorLike, expectedExceptionsOf, type RPCAccessPolicyBase } from './access-policy.js';
import { runWithRequestContext } from './current-request.js';
import { deserializeArgs, type Serializer } from './serializer.js';

/** Something that answers one method. */
export interface MethodEntry {
  readonly expected: readonly ErrorConstructorLike[];
  handle(message: IncomingMessage): unknown;
}

interface Group {
  readonly target: Target;
  readonly methods: Map<string, MethodEntry>;
}

/** All that a server answers, by namespace, version and method. Nothing from the wire indexes an object. */
export class MethodTable {
  private readonly groups: Group[] = [];

  /** @throws ConfigurationError when the method is there already */
  add(target: Target, method: string, entry: MethodEntry): void {
    let group = this.groups.find(
      ({ target: other }) =>
        String(other) === String(target) && String(other.acceptedNamespaces) === String(target.acceptedNamespaces),
    );
    if (!group) {
      group = { target, methods: new Map() };
      this.groups.push(group);
    }
    if (!group.methods.has(method)) group.methods.set(method, entry);
  }

  /** The entry that answers a request. @throws NoSuchMethod, UnsupportedVersion */
  find(namespace: string | undefined, version: string | undefined, method: string): MethodEntry {
    let compatible = false;
    for (const { target, methods } of this.groups) {
      if (!target.acceptedNamespaces.includes(namespace) || !isCompatible(target.version ?? '1.0', version ?? '1.0'))
        continue;
      compatible = true;
      const entry = methods.get(method);
      if (entry) return entry;
    }
    throw compatible ? new NoSuchMethod(method) : new UnsupportedVersion(version ?? '1.0', method);
  }

  has(method: string): boolean {
    return this.groups.some(({ methods }) => methods.has(method));
  }
}

function isCompatible(implemented: string, requested: string): boolean {
  try {
    return versionIsCompatible(implemented, requested);
  } catch {
    return false;
  }
}

/** The ping that every server can answer. Source: oslo_messaging.rpc.dispatcher.PingEndpoint. */
export const PING: MethodEntry = { expected: [], handle: () => 'pong' };
export const PING_METHOD = 'oslo_rpc_server_ping';

/** A plain endpoint: methods are called as `method(ctxt, args)`; `target` gives namespace and version. */
export type Endpoint = object;

/** Adds the methods of a plain endpoint that the policy allows. @throws ConfigurationError */
export function addEndpoint(
  table: MethodTable,
  endpoint: Endpoint,
  policy: RPCAccessPolicyBase,
  serializer: Serializer,
): void {
  if (typeof endpoint !== 'object' || endpoint === null)
    throw new ConfigurationError(`An endpoint must be an object; got ${String(endpoint)}`);
  const target: unknown = Reflect.get(endpoint, 'target');
  if (target !== undefined && target !== null && !(target instanceof Target)) {
    throw new ConfigurationError(`${endpoint.constructor?.name}: 'target' is reserved for the endpoint's Target`);
  }
  for (const name of methodNames(endpoint)) {
    const method: unknown = Reflect.get(endpoint, name);
    if (typeof method !== 'function' || !policy.isAllowed(endpoint, name)) continue;
    table.add(target ?? new Target(), name, {
      expected: expectedExceptionsOf(method),
      handle: async ({ request }) => {
        const ctxt = serializer.deserializeContext(request.context);
        const args = deserializeArgs(serializer, ctxt, request.args);
        const result: unknown = await runWithRequestContext(ctxt, () => Reflect.apply(method, endpoint, [ctxt, args]));
        return serializer.serializeEntity(ctxt, result);
      },
    });
  }
}

/** Own and inherited method names, but nothing of Object's. */
function methodNames(endpoint: object): Set<string> {
  const names = new Set<string>();
  for (let level: object | null = endpoint; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      const { value } = Object.getOwnPropertyDescriptor(level, name) ?? {};
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
    }
  }
  return names;
}
