import { ConfigurationError } from '../core/errors.js';
import { Target } from '../core/target.js';
import { runAsRequest } from '../messaging/current-request.js';
import { EndpointRequest } from '../messaging/endpoint-request.js';
import { deserializeArgs, type Serializer } from '../messaging/serializer.js';
import { expectedExceptionsOf, type RPCAccessPolicyBase } from './access-policy.js';
import type { MethodTable } from './method-table.js';

/**
 * Plain endpoint: an object whose methods are called as `method(ctxt, args)`. Its `target` gives namespace and version. A
 * class is no endpoint; give an instance.
 */
export type Endpoint = (object & EndpointTarget) | (EndpointTarget & { readonly [name: string]: unknown });

/** Members of an {@link Endpoint} besides its methods. */
export interface EndpointTarget {
  /** Namespace and version that the endpoint serves. @default the null namespace, version 1.0 */
  readonly target?: Target | null | undefined;
  /** Absent: a class has one, and is no endpoint. */
  readonly prototype?: undefined;
}

/**
 * Adds the methods of a plain endpoint that the policy allows. The method of an earlier endpoint wins, as in Python.
 * @throws ConfigurationError for a `target` that is not a Target
 */
export function addEndpoint(
  table: MethodTable,
  endpoint: Endpoint,
  policy: RPCAccessPolicyBase,
  serializer: Serializer,
): void {
  const target: unknown = Reflect.get(endpoint, 'target');
  if (target !== undefined && target !== null && !(target instanceof Target)) {
    throw new ConfigurationError(`${endpoint.constructor?.name}: 'target' is reserved for the endpoint's Target`);
  }
  const served = target ?? new Target();
  table.addTarget(served);
  const className = endpoint.constructor?.name ?? 'Object';
  for (const name of methodNames(endpoint)) {
    const method: unknown = Reflect.get(endpoint, name);
    if (typeof method !== 'function' || !policy.isAllowed(endpoint, name)) continue;
    table.append(served, name, {
      handler: `${className}.${name}`,
      expected: expectedExceptionsOf(method),
      handle: async (message, listening) => {
        const { request } = message;
        const ctxt = serializer.deserializeContext(request.context);
        const args = deserializeArgs(serializer, ctxt, request.args);
        const scope = new EndpointRequest(() => ctxt, message, listening);
        const result: unknown = await runAsRequest(scope, () => Reflect.apply(method, endpoint, [ctxt, args]));
        return serializer.serializeEntity(ctxt, result);
      },
      readContext: ({ context }) => serializer.deserializeContext(context),
    });
  }
}

/** Returns the names of own and inherited methods, without those of Object. A method that an accessor or a field hides is left out. */
function methodNames(endpoint: object): string[] {
  const winners = new Map<string, PropertyDescriptor>();
  for (let level: object | null = endpoint; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(level)))
      if (!winners.has(name)) winners.set(name, descriptor);
  }
  return [...winners].filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor').map(first);
}

const first = <T>([item]: readonly [T, ...unknown[]]): T => item;
