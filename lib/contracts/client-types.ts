import type { Duration } from '../core/duration.js';
import type { ClientOptions, TransportOptions } from '../rpc/call-context.js';
import type { RetryPolicy } from '../rpc/retry-policy.js';
import type { BackingOffClient } from '../tacker/backing-off-client.js';
import type { RpcMethodDefinition, RpcMethodTypes } from './api-method.js';
import type { RpcApi, RpcApiMethods, RpcVersionAliases } from './rpc-api.js';
import type { IsWithinRpcCap, RpcCapVersion } from './version-types.js';

/** Options of one request of a typed client. An absent or undefined option keeps its value. */
export interface RpcApiRequestOptions {
  /** Request context. @default the context of the request that is being handled, if any */
  context?: unknown;
  /** Time that a call waits for its reply, or a cast for its confirm, in seconds or with a unit. @default that of the method, else of the client */
  timeout?: Duration | undefined;
  /** Server that the request is sent to. @default that of the method */
  server?: string | undefined;
  /** Signal that gives up the request when it aborts. @default none */
  signal?: AbortSignal | undefined;
  /** Longest time without a heartbeat of the server, in seconds or with a unit. @default that of the method, else of the client */
  callMonitorTimeout?: Duration | undefined;
  /** Number of retries of connecting: 0 for none, −1 for any number until the deadline. @default that of the client */
  retry?: number | undefined;
  /** Options of the driver. @default those of the client */
  transportOptions?: TransportOptions | undefined;
  /** End calls no later than the request that is being handled. @default that of the client */
  propagateDeadlines?: boolean | undefined;
}

/** Rules for repeating requests of methods that are `idempotent`. Others are never repeated. */
export type RpcApiRetryPolicy = Omit<RetryPolicy, 'methods'>;

/** Options of {@link getRpcApiClient}. */
export interface RpcApiClientOptions<Cap extends string = string>
  extends Omit<ClientOptions, 'versionCap' | 'retryPolicy' | 'signal'> {
  /**
   * Highest version that may be sent: `major.minor`, the name of an alias, or `'auto'` for the lowest version that the servers
   * report. @default no cap
   */
  versionCap?: Cap | undefined;
  /** Versions by release name, besides those of the API, which they replace. @default those of the API */
  versionAliases?: RpcVersionAliases | undefined;
  /** Repeat requests of `idempotent` methods that failed on their way. @default no repetition */
  retryPolicy?: RpcApiRetryPolicy | undefined;
}

/** Options that `$prepare` changes: those of requests, and the cap. */
export interface RpcApiPrepareOptions<Cap extends string = string> extends RpcApiRequestOptions {
  /** Highest version that may be sent: `major.minor`, the name of an alias, or `'auto'`. */
  versionCap?: Cap | undefined;
  /** Repeat requests of `idempotent` methods that failed on their way. */
  retryPolicy?: RpcApiRetryPolicy | undefined;
}

/** Definitions of an API's methods. */
export type RpcApiMethodsOf<Api extends RpcApi> = Api extends RpcApi<infer Methods> ? Methods : never;

/** Types of a method. */
export type RpcMethodTypesOf<Method extends RpcMethodDefinition> = NonNullable<Method['~types']>;

/** Method of a typed client. Arguments that are all optional can be left out. */
export type RpcApiClientMethod<Types extends RpcMethodTypes> =
  Record<never, never> extends Types['args']
    ? (
        args?: unknown extends Types['args'] ? object : Types['args'],
        options?: RpcApiRequestOptions,
      ) => Promise<Types['result']>
    : (args: Types['args'], options?: RpcApiRequestOptions) => Promise<Types['result']>;

/** Method under a cap whose `since` the compiler does not know. It cannot be called. */
export interface RpcMethodOfUnknownVersion<Method extends PropertyKey, Cap extends string> {
  /** The way out. */
  readonly 'write the version as the last type parameter, as in cast<Args, "1.1">({ since: "1.1" })': [Method, Cap];
}

/** True for a method that can be sent under a cap, false for a newer one. `unknown`: the compiler does not know its versions. */
export type IsSendableRpcMethod<Since extends string | undefined, Cap extends string> = [Since] extends [string]
  ? string extends Since
    ? 'unknown'
    : true extends IsWithinRpcCap<Since, Cap>
      ? true
      : false
  : true;

/** Methods of a typed client under a cap. */
export type RpcApiClientMethods<Methods extends RpcApiMethods, Cap extends string = string> = string extends Cap
  ? { readonly [Key in keyof Methods]: RpcApiClientMethod<RpcMethodTypesOf<Methods[Key]>> }
  : {
      readonly [Key in keyof Methods as IsSendableRpcMethod<RpcMethodTypesOf<Methods[Key]>['since'], Cap> extends false
        ? never
        : Key]: IsSendableRpcMethod<RpcMethodTypesOf<Methods[Key]>['since'], Cap> extends true
        ? RpcApiClientMethod<RpcMethodTypesOf<Methods[Key]>>
        : RpcMethodOfUnknownVersion<Key, Cap>;
    };

/** Members of a typed client besides its methods. */
export interface RpcApiClientMembers<Api extends RpcApi, Cap extends string = string> {
  /** API of the client. */
  readonly $api: Api;
  /** Client below: for calls by name, and for what a typed client does not offer. Its target has the API's version. */
  readonly $client: BackingOffClient;
  /**
   * Returns the same client with options changed. The client stays unchanged.
   * @typeParam NewCap version cap of the returned client, where the client has its cap as type. @default that of the client
   * @throws ConfigurationError for an unknown or ill-typed option
   */
  $prepare<NewCap extends string = Cap>(options: RpcApiPrepareOptions<NoInfer<NewCap>>): RpcApiClient<Api, NewCap>;
  /**
   * Returns true where the version cap allows to send a method, in its present or an older form (`fallback`). With the cap
   * `'auto'` and before the first answer of a server: true for what the first version has.
   * @throws ConfigurationError for a method that the API does not have
   */
  $canSend(method: keyof RpcApiMethodsOf<Api> & string): boolean;
}

/**
 * Typed client of an API. Each method takes the arguments and {@link RpcApiRequestOptions}, and returns a promise: of the
 * result for a call, of the broker's confirm for a cast.
 * @typeParam Api `typeof api`
 * @typeParam Cap version cap (a version or the name of an alias). Methods that are newer are hidden. @default no cap
 */
export type RpcApiClient<Api extends RpcApi, Cap extends string = string> =
  Api extends RpcApi<infer Methods, string, infer Aliases>
    ? RpcApiClientMethods<Methods, RpcCapVersion<Aliases, Cap>> & RpcApiClientMembers<Api, Cap>
    : never;

/** Arguments of a method as its handler gets them. */
export type RpcApiArgs<Api extends RpcApi, Method extends keyof RpcApiMethodsOf<Api>> = RpcMethodTypesOf<
  RpcApiMethodsOf<Api>[Method]
>['received'];

/** Result of a method as its handler returns it. */
export type RpcApiResult<Api extends RpcApi, Method extends keyof RpcApiMethodsOf<Api>> = RpcMethodTypesOf<
  RpcApiMethodsOf<Api>[Method]
>['returned'];
