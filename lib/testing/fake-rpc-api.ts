import {
  getRpcApiClient,
  getRpcApiToken,
  isRpcApi,
  type RequestContext,
  type RpcApi,
  type RpcApiArgs,
  type RpcApiClient,
  type RpcApiClientOptions,
  type RpcApiMethod,
  type RpcApiResult,
} from '../index.js';
import {
  ConfigurationError,
  checkNames,
  hasOlderShape,
  LIBRARY_VERSION,
  nameOf,
  nearest,
  parseArguments,
  requestContextSerializer,
  type ServerInfo,
} from '../internal.js';
import { describeFlight } from './describe.js';
import type { FakeDriver } from './fake-driver.js';
import { fakeTransport, TIMEOUT_SECONDS } from './fake-transport.js';
import { runnersOf, type StandInHandler, type StandInRequest } from './handlers.js';
import { Recorder } from './recorder.js';
import type { CallRecord, CastRecord } from './records.js';
import { type SettleOptions, settle } from './settle.js';

/** Function that stands for the handler of a method: it gets the arguments as the schema has parsed them, and an older shape (`fallback`) as it is sent. */
export type FakeApiHandler<Args, Result> = {
  /** Handles a request. A method, because the parameters of methods can be declared narrower. */
  handle(
    args: unknown extends Args ? object : Args,
    context: RequestContext,
    request: StandInRequest,
  ): Result | Promise<Result>;
}['handle'];

/** Functions that stand for the handlers of an API, by the keys of its methods. */
export type FakeApiHandlers<Api extends RpcApi> = {
  readonly [Key in keyof Api['methods'] & string]?:
    | FakeApiHandler<RpcApiArgs<Api, Key>, RpcApiResult<Api, Key>>
    | undefined;
};

/** Options of {@link fakeRpcApi}: those of the typed client. */
export interface FakeApiOptions<Cap extends string = string> extends RpcApiClientOptions<Cap> {
  /** Python modules whose registered exceptions reach the caller as their classes. @default all */
  allowedRemoteExmods?: readonly string[] | undefined;
}

/** Members of a fake besides those of a typed client. */
export interface FakeRpcApiMembers {
  /** Recorded calls, oldest first; those of clients that `$prepare` returned included. */
  readonly $calls: readonly CallRecord[];
  /** Recorded casts, oldest first; those of clients that `$prepare` returned included. */
  readonly $casts: readonly CastRecord[];
  /**
   * Resolves when no call waits and no handler runs.
   * @throws NotSettled after the timeout
   */
  $settled(options?: SettleOptions): Promise<void>;
  /** Forgets the recorded calls and casts. */
  $reset(): void;
}

/** Typed client whose requests are answered by functions. It records them. Of each kind, the newest 10,000 are kept. */
export type FakeRpcApi<Api extends RpcApi, Cap extends string = string> = RpcApiClient<Api, Cap> & FakeRpcApiMembers;

const OPTIONS = [
  'allowedRemoteExmods',
  'versionCap',
  'versionAliases',
  'retryPolicy',
  'timeout',
  'serializer',
  'retry',
  'callMonitorTimeout',
  'transportOptions',
  'propagateDeadlines',
] as const satisfies readonly (keyof FakeApiOptions)[];

/**
 * Makes a typed client for unit tests: give it where a client of the API is injected. It is a real client, with its versions,
 * caps and schemas; functions stand for the servers, which have the version of the API. Their errors reach the caller as
 * those of {@link fakeRpcClient} do. A method without a function fails as an unknown method of a server does.
 * @param handlers functions by the keys of the API's methods
 * @throws ConfigurationError for a method that the API does not have, a handler that is no function, and an unknown or
 * ill-typed option
 */
export function fakeRpcApi<Api extends RpcApi, Cap extends string = string>(
  api: Api,
  handlers: FakeApiHandlers<Api>,
  options: FakeApiOptions<NoInfer<Cap>> = {},
): FakeRpcApi<Api, Cap> {
  if (!isRpcApi(api))
    throw new ConfigurationError(`fakeRpcApi: expected an API, as defineRpcApi returns it; got ${nameOf(api)}`);
  checkNames(options, OPTIONS, 'fakeRpcApi option');
  const { allowedRemoteExmods, ...given } = options;
  const serializer = requestContextSerializer(given.serializer);
  const runners = runnersOf(byName(api, handlers), serializer, 'fakeRpcApi');
  const { transport, driver, recorder } = fakeTransport(runners, allowedRemoteExmods, infoOf(api));
  const clientOptions = { timeout: TIMEOUT_SECONDS, ...given, serializer };
  const client = getRpcApiClient<Api, Cap>(transport, api, clientOptions);
  return withRecords(client, recorder, driver);
}

/** Provider of a {@link fakeRpcApi}, for the `providers` of a Nest testing module. */
export interface FakeRpcApiProvider<Api extends RpcApi> {
  /** Injection token: that of `@InjectRpcApi(api)`. */
  readonly provide: symbol;
  /** The fake. */
  readonly useValue: FakeRpcApi<Api>;
}

/**
 * Returns a provider of a {@link fakeRpcApi} under the token of the API.
 * @param broker name that `@InjectRpcApi` was given. Default: the broker without a name
 * @throws ConfigurationError as fakeRpcApi does
 */
export function fakeRpcApiProvider<Api extends RpcApi>(
  api: Api,
  handlers: FakeApiHandlers<Api>,
  { broker, ...options }: FakeApiOptions & { broker?: string | undefined } = {},
): FakeRpcApiProvider<Api> {
  return { provide: getRpcApiToken(api, broker), useValue: fakeRpcApi<Api>(api, handlers, options) };
}

/** Returns the handlers by the names of their methods on the wire. */
function byName(api: RpcApi, handlers: object): Record<string, StandInHandler> {
  if (typeof handlers !== 'object' || handlers === null)
    throw new ConfigurationError(`fakeRpcApi: expected an object of functions; got ${nameOf(handlers)}`);
  const named = Object.entries(handlers).flatMap(([key, handler]: [string, unknown]) => {
    const method = Object.hasOwn(api.methods, key) ? api.methods[key] : undefined;
    if (method) return handler === undefined ? [] : [[method.name, standInOf(method, handler)] as const];
    const near = nearest(key, Object.keys(api.methods));
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new ConfigurationError(`fakeRpcApi: the API of ${api.target} has no method "${key}"${hint}`);
  });
  return Object.fromEntries(named);
}

function standInOf(method: RpcApiMethod, handler: unknown): StandInHandler {
  const { key, name, args: schema } = method;
  if (typeof handler !== 'function')
    throw new ConfigurationError(`fakeRpcApi: expected functions; got ${nameOf(handler)} for "${key}"`);
  const handle = handler as StandInHandler;
  if (!schema) return handle;
  return async (args, context, request) => {
    const isPresent = !hasOlderShape(method, request.target.version);
    return handle(isPresent ? ((await parseArguments(schema, args, name)) as object) : args, context, request);
  };
}

/** Returns the answer of the server that the functions stand for, for the version cap `auto`. */
function infoOf({ target: { topic = '', exchange = '', namespace }, version }: RpcApi): ServerInfo {
  const names = { server: 'fake', topic, exchange, host: 'fake', since: new Date(0).toISOString() };
  const library = { name: 'nestjs-oslo-messaging', version: LIBRARY_VERSION, runtime: 'fake' };
  const apis = [{ namespaces: [namespace ?? null], version, methods: [] }];
  return { ...names, library, delivery: 'at-most-once', concurrency: 1, apis };
}

function withRecords<Client extends object>(
  client: Client,
  recorder: Recorder,
  driver: FakeDriver,
): Client & FakeRpcApiMembers {
  const inFlight = () => [...new Set(driver.inFlight())];
  const describe = () => inFlight().map((entry) => describeFlight(entry.snapshot()));
  const members: FakeRpcApiMembers = {
    get $calls() {
      return recorder.calls;
    },
    get $casts() {
      return recorder.casts;
    },
    $settled: (options = {}) => settle({ isIdle: () => inFlight().length === 0, describe }, options),
    $reset: () => recorder.clear(),
  };
  return Object.defineProperties(client, Object.getOwnPropertyDescriptors(members)) as Client & FakeRpcApiMembers;
}
