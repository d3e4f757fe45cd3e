import { InvalidArguments } from '../contracts/errors.js';
import { jsonSchemaOf, type RpcMethodJsonSchema } from '../contracts/json-schema.js';
import type { RpcApi } from '../contracts/rpc-api.js';
import { ConfigurationError } from '../core/errors.js';
import type { ErrorConstructorLike } from '../rpc/access-policy.js';
import { bindArgumentsValidator } from './arguments-validator.js';
import { type ExposedMethod, ownMethod } from './decorated-methods.js';

/** Options of `@RpcMethod`, with the name on the wire. */
interface NamedOptions {
  readonly name: string;
  readonly expectedExceptions?: readonly ErrorConstructorLike[] | undefined;
  readonly strictArguments?: boolean | undefined;
}

/** Method that an endpoint class exposes. */
export interface EndpointMethod<Options extends NamedOptions> {
  readonly key: string;
  readonly descriptor: PropertyDescriptor;
  readonly options: Options | NamedOptions;
  /** JSON Schemas of the API, for discovery. */
  readonly schema?: RpcMethodJsonSchema | undefined;
}

/** Methods of a class that answers an API. */
export interface ApiEndpoint<Options extends NamedOptions> {
  readonly methods: readonly EndpointMethod<Options>[];
  /** Complaint about methods of the API that the class lacks; undefined where it has all. */
  readonly problem: string | undefined;
}

/**
 * Returns the methods that a class exposes for an API: those with `@RpcMethod`, and those that have the name of a method of
 * the API. Binds the schemas of the arguments to them.
 * @param decorated methods with `@RpcMethod`
 */
export function apiEndpoint<Options extends NamedOptions>(
  endpointClass: { readonly name: string; readonly prototype: object },
  api: RpcApi,
  decorated: readonly ExposedMethod[],
  optionsOf: (method: object) => Options,
): ApiEndpoint<Options> {
  const methods = new Map<string, EndpointMethod<Options>>();
  for (const [key, descriptor] of decorated) {
    const options = optionsOf(descriptor.value as object);
    // `@RpcMethod()` without a name adds options to a method of the API, which may have another name on the wire.
    const known = options.name === key && Object.hasOwn(api.methods, key) ? api.methods[key] : undefined;
    const name = known?.name ?? options.name;
    checkName(endpointClass.name, key, name, api, decorated, optionsOf);
    // A base class may have another API.
    bindArgumentsValidator(descriptor.value as object, undefined);
    methods.set(name, { key, descriptor, options: { ...options, name } });
  }
  const missing: string[] = [];
  for (const described of Object.values(api.methods)) {
    const { key, name, args } = described;
    const descriptor = methods.get(name)?.descriptor ?? ownMethod(endpointClass.prototype, key);
    if (!descriptor) {
      missing.push(key);
      continue;
    }
    const { options, ...method }: EndpointMethod<Options> = methods.get(name) ?? { key, descriptor, options: { name } };
    bindArgumentsValidator(descriptor.value as object, described);
    methods.set(name, {
      ...method,
      options: args ? withSchema(options) : options,
      schema: jsonSchemaOf(described),
    });
  }
  return { methods: [...methods.values()], problem: problemOf(endpointClass.name, api, missing) };
}

/**
 * @throws ConfigurationError for another name on a method that answers the API by its own name: a method has one name
 */
function checkName(
  className: string,
  key: string,
  name: string,
  api: RpcApi,
  decorated: readonly ExposedMethod[],
  optionsOf: (method: object) => NamedOptions,
): void {
  const described = Object.hasOwn(api.methods, key) ? api.methods[key] : undefined;
  if (!described || described.name === name) return;
  // Another method may answer in its place.
  if (decorated.some(([, { value }]) => optionsOf(value as object).name === described.name)) return;
  throw new ConfigurationError(
    `@RpcMethod("${name}") on ${className}.${key}: "${key}" is a method of the API, by the name "${described.name}", and a method has one name. Remove the name, or expose a method of another name`,
  );
}

/** Returns the options of a method whose schema says which arguments it takes. A refusal is the caller's mistake. */
function withSchema<Options extends NamedOptions>(options: Options): Options {
  const expectedExceptions = [...(options.expectedExceptions ?? []), InvalidArguments];
  return { ...options, expectedExceptions, strictArguments: options.strictArguments ?? false };
}

function problemOf(className: string, { target }: RpcApi, missing: readonly string[]): string | undefined {
  if (missing.length === 0) return undefined;
  const names = missing.map((key) => `"${key}"`).join(', ');
  const it = missing.length === 1 ? 'it' : 'them';
  return `${className} does not answer its API (${target}): it has no method ${names}. Add ${it} to the class; a property that holds a function is no method`;
}
