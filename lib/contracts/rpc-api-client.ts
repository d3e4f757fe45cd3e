import { ConfigurationError } from '../core/errors.js';
import { nameOf } from '../core/given.js';
import { nearest } from '../core/option-rules.js';
import type { Transport } from '../messaging/transport.js';
import type { BackingOffClient } from '../tacker/backing-off-client.js';
import type { AutoCap } from './auto-cap.js';
import type { RpcApiClient, RpcApiClientOptions, RpcApiPrepareOptions, RpcApiRequestOptions } from './client-types.js';
import { checkPrepareOptions, givenOf } from './request-options.js';
import { RequestSource } from './request-source.js';
import { isRpcApi, type RpcApi } from './rpc-api.js';
import { AUTO, formUnder } from './version-cap.js';

/** @throws ConfigurationError for anything but the result of `defineRpcApi` */
export function assertRpcApi(value: unknown, where: string): asserts value is RpcApi {
  // An imported constant is undefined where modules import each other.
  if (!isRpcApi(value))
    throw new ConfigurationError(`${where}: expected an API, as defineRpcApi returns it; got ${nameOf(value)}`);
}

/**
 * Makes a typed client of an API. It backs off as a {@link BackingOffClient} does.
 * @throws ConfigurationError for an unknown or ill-typed option, and for a cap that is neither a version nor an alias
 */
export function getRpcApiClient<Api extends RpcApi, Cap extends string = string>(
  transport: Transport,
  api: Api,
  options: RpcApiClientOptions<NoInfer<Cap>> = {},
): RpcApiClient<Api, Cap> {
  assertRpcApi(api, 'getRpcApiClient');
  return new TypedClient(transport, api, options, {}, undefined) as object as RpcApiClient<Api, Cap>;
}

/** Typed client. Its methods are properties of its own, so that they can be destructured, and replaced in tests. */
class TypedClient {
  readonly $api: RpcApi;
  readonly #requests: RequestSource;
  readonly #with: (changes: RpcApiPrepareOptions) => TypedClient;

  constructor(
    transport: Transport,
    api: RpcApi,
    options: RpcApiClientOptions,
    changes: RpcApiRequestOptions,
    shared: AutoCap | undefined,
  ) {
    this.$api = api;
    const requests = new RequestSource(transport, api, options, changes, shared);
    this.#requests = requests;
    this.#with = (further) => {
      const { versionCap, retryPolicy, ...ofRequests } = givenOf(further);
      const ofClient = givenOf({ versionCap, retryPolicy });
      const follows = versionCap === undefined || versionCap === AUTO ? requests.auto : undefined;
      return new TypedClient(transport, api, { ...options, ...ofClient }, { ...changes, ...ofRequests }, follows);
    };
    const methods = this as unknown as Record<string, unknown>;
    for (const method of Object.values(api.methods))
      methods[method.key] = (args?: object, own?: RpcApiRequestOptions) => requests.send(method, args, own);
  }

  get $client(): BackingOffClient {
    return this.#requests.current.client;
  }

  // Properties, as the methods are: they work when they are destructured.
  readonly $prepare = (options: RpcApiPrepareOptions): TypedClient => {
    checkPrepareOptions(options);
    return this.#with(options);
  };

  readonly $canSend = (key: string): boolean => {
    const { methods, target } = this.$api;
    const method = Object.hasOwn(methods, key) ? methods[key] : undefined;
    if (method) return formUnder(this.#requests.current.cap, method).isAllowed;
    const near = nearest(String(key), Object.keys(methods));
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new ConfigurationError(`$canSend: the API of ${target} has no method "${key}"${hint}`, { target });
  };
}
