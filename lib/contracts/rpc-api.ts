import { sharedClass } from '../core/shared.js';
import type { Target } from '../core/target.js';
import type { RpcApiMethod, RpcMethodDefinition } from './api-method.js';

/** Definitions of an API's methods, by the name that clients use. */
export type RpcApiMethods = Readonly<Record<string, RpcMethodDefinition>>;
/** Versions by release name. */
export type RpcVersionAliases = Readonly<Record<string, string>>;

/**
 * Description of an RPC API, as {@link defineRpcApi} returns it. Immutable. Typed clients, endpoints and tools read it.
 * @typeParam Methods definitions by name
 * @typeParam Version version of the API
 * @typeParam Aliases versions by release name
 */
export interface RpcApi<
  Methods extends RpcApiMethods = RpcApiMethods,
  Version extends string = string,
  Aliases extends RpcVersionAliases = RpcVersionAliases,
> {
  /** Topic, exchange, namespace and version. */
  readonly target: Target;
  /** Version of the API: `major.minor`. */
  readonly version: Version;
  /** Versions by release name, for caps. */
  readonly versionAliases: Aliases;
  /** Methods by the name that clients use, with their names on the wire and their versions. */
  readonly methods: { readonly [Key in keyof Methods]: Methods[Key] & RpcApiMethod };
}

/** Class of all APIs, to tell them from the options of an endpoint. */
@sharedClass('DefinedRpcApi')
export class DefinedRpcApi implements RpcApi {
  constructor(
    readonly target: Target,
    readonly version: string,
    readonly versionAliases: RpcVersionAliases,
    readonly methods: Readonly<Record<string, RpcApiMethod>>,
  ) {
    Object.freeze(this);
  }

  /** Methods by their names on the wire. */
  byName(): Map<string, RpcApiMethod> {
    return new Map(Object.values(this.methods).map((method) => [method.name, method]));
  }
}

/** Returns true for the result of {@link defineRpcApi}. */
export function isRpcApi(value: unknown): value is RpcApi {
  return value instanceof DefinedRpcApi;
}
