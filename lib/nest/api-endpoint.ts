import { InvalidArguments } from '../contracts/errors.js';
import type { RpcApi } from '../contracts/rpc-api.js';
import { bindArgumentsValidator } from './arguments-validator.js';
import { type ExposedMethod, ownMethod } from './decorated-methods.js';
import type { RpcMethodOptions } from './decorators.js';

/** Options of a method, with its name on the wire. */
type NamedOptions = RpcMethodOptions & { name: string };

/** Method that an endpoint class exposes. */
export interface EndpointMethod {
  readonly key: string;
  readonly descriptor: PropertyDescriptor;
  readonly options: NamedOptions;
}

/** Methods of a class that answers an API. */
export interface ApiEndpoint {
  readonly methods: readonly EndpointMethod[];
  /** Complaint about methods of the API that the class lacks; undefined where it has all. */
  readonly problem: string | undefined;
}

/**
 * Returns the methods that a class exposes for an API: those with `@RpcMethod`, and those that have the name of a method of
 * the API. Binds the schemas of the arguments to them.
 * @param decorated methods with `@RpcMethod`
 */
export function apiEndpoint(
  endpointClass: { readonly name: string; readonly prototype: object },
  api: RpcApi,
  decorated: readonly ExposedMethod[],
  optionsOf: (method: object) => NamedOptions,
): ApiEndpoint {
  const methods = new Map<string, EndpointMethod>();
  for (const [key, descriptor] of decorated) {
    const options = optionsOf(descriptor.value as object);
    // `@RpcMethod()` without a name adds options to a method of the API, which may have another name on the wire.
    const known = options.name === key && Object.hasOwn(api.methods, key) ? api.methods[key] : undefined;
    const name = known?.name ?? options.name;
    methods.set(name, { key, descriptor, options: { ...options, name } });
  }
  const missing: string[] = [];
  for (const { key, name, args } of Object.values(api.methods)) {
    const descriptor = methods.get(name)?.descriptor ?? ownMethod(endpointClass.prototype, key);
    if (!descriptor) {
      missing.push(key);
      continue;
    }
    const method = methods.get(name) ?? { key, descriptor, options: { name } };
    if (args) bindArgumentsValidator(descriptor.value as object, args, name);
    const expectedExceptions = [...(method.options.expectedExceptions ?? []), ...(args ? [InvalidArguments] : [])];
    methods.set(name, { ...method, options: { ...method.options, expectedExceptions } });
  }
  return { methods: [...methods.values()], problem: problemOf(endpointClass.name, api, missing) };
}

function problemOf(className: string, { target }: RpcApi, missing: readonly string[]): string | undefined {
  if (missing.length === 0) return undefined;
  const names = missing.map((key) => `"${key}"`).join(', ');
  const it = missing.length === 1 ? 'it' : 'them';
  return `${className} does not answer its API (${target}): it has no method ${names}. Add ${it} to the class; a property that holds a function is no method`;
}
