import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from '../core/duration.js';

/** Kind of a method: `call` waits for the result, `cast` does not. */
export type RpcMethodKind = 'call' | 'cast';

/** Types of a method, for the compiler only. No such value exists. */
export interface RpcMethodTypes<
  Args = unknown,
  Received = unknown,
  Returned = unknown,
  Result = unknown,
  Since extends string | undefined = string | undefined,
> {
  /** Arguments as the caller gives them. */
  args: Args;
  /** Arguments as the handler gets them: after the schema has parsed them. */
  received: Received;
  /** Result as the handler returns it. */
  returned: Returned;
  /** Result as the caller gets it: after the schema has parsed it. */
  result: Result;
  /** Versions that the method can be sent with. Undefined: `<major>.0`. A wide `string`: unknown to the compiler. */
  since: Since;
}

/** Older shape of a method's arguments, for servers below the version that introduced the newer one. */
export interface RpcFallback<Args = unknown, Version extends string = string> {
  /** Version that the older shape is sent with: `major.minor`. */
  version: Version;
  /**
   * Returns the arguments in their older shape. It may throw where they cannot be expressed.
   * @default the arguments unchanged
   */
  args?(args: Args): object;
}

/** Method of an API as `call` and `cast` describe it. Read by {@link RpcApi.methods} with its defaults applied. */
export interface RpcMethodDefinition {
  /** `call` or `cast`. */
  readonly kind: RpcMethodKind;
  /** Name on the wire. Undefined: the key in `methods`. */
  readonly name: string | undefined;
  /** Version that introduced the method. Undefined: `<major>.0` of the API. */
  readonly since: string | undefined;
  /** True for a cast to all servers of the topic. */
  readonly fanout: boolean;
  /** Server that the method is sent to, or a function that returns it for the arguments. */
  readonly server: string | ((args: never) => string) | undefined;
  /** Time that a call waits for its reply, or a cast for its confirm. */
  readonly timeout: Duration | undefined;
  /** Longest time without a heartbeat of the server. */
  readonly callMonitorTimeout: Duration | undefined;
  /** True for a method that may run twice with the same outcome. */
  readonly idempotent: boolean;
  /** Older shapes of the arguments, newest first. */
  readonly fallback: readonly RpcFallback<never>[];
  /** Schema of the arguments. */
  readonly args: StandardSchemaV1 | undefined;
  /** Schema of the result. */
  readonly result: StandardSchemaV1 | undefined;
  /** Types of the method. Undefined at run time. */
  readonly '~types'?: RpcMethodTypes | undefined;
}

/** Definition of a method that is called, as {@link call} returns it. */
export interface RpcCall<
  Args = unknown,
  Result = unknown,
  Since extends string | undefined = string | undefined,
  Received = Args,
  Returned = Result,
> extends RpcMethodDefinition {
  readonly kind: 'call';
  readonly '~types'?: RpcMethodTypes<Args, Received, Returned, Result, Since> | undefined;
}

/** Definition of a method that is cast, as {@link cast} returns it. */
export interface RpcCast<Args = unknown, Since extends string | undefined = string | undefined, Received = Args>
  extends RpcMethodDefinition {
  readonly kind: 'cast';
  readonly '~types'?: RpcMethodTypes<Args, Received, unknown, void, Since> | undefined;
}

/** Method of an API, with its name on the wire and its versions. */
export interface RpcApiMethod extends RpcMethodDefinition {
  /** Key in `methods`. */
  readonly key: string;
  /** Name on the wire. */
  readonly name: string;
  /** Version that the method is sent with: `since`, else `<major>.0` of the API. */
  readonly version: string;
}

/** Options that {@link call} and {@link cast} share. */
export interface RpcApiMethodOptions<Args, Since extends string> {
  /** Version of the API that introduced the method, or its present arguments. @default `<major>.0` */
  since?: Since | undefined;
  /** Older shapes of the arguments, newest first: for servers below `since`. @default none */
  fallback?: RpcFallback<Args, Since> | readonly RpcFallback<Args, Since>[] | undefined;
  /** Name on the wire. @default the key in `methods` */
  name?: string | undefined;
  /** Server that the method is sent to, or a function that returns it for the arguments. @default any server of the topic */
  server?: string | ((args: Args) => string) | undefined;
  /** Time that a call waits for its reply, or a cast for its confirm, in seconds or with a unit. @default that of the client */
  timeout?: Duration | undefined;
  /** True for a method that may run twice with the same outcome: a `retryPolicy` of the client repeats only such methods. @default false */
  idempotent?: boolean | undefined;
}

/** Options of {@link call} with plain types. */
export interface RpcCallOptions<Args = unknown, Result = unknown, Since extends string = string>
  extends RpcApiMethodOptions<Args, Since> {
  /** Longest time without a heartbeat of the server, in seconds or with a unit. @default that of the client */
  callMonitorTimeout?: Duration | undefined;
  /** Schema of the arguments, which the server applies. @default none */
  args?: StandardSchemaV1<unknown, Args> | undefined;
  /** Schema of the result, which the client applies. @default none */
  result?: StandardSchemaV1<unknown, Result> | undefined;
}

/** Options of {@link cast} with plain types. */
export interface RpcCastOptions<Args = unknown, Since extends string = string>
  extends RpcApiMethodOptions<Args, Since> {
  /** True to send the cast to all servers of the topic. @default false */
  fanout?: boolean | undefined;
  /** Schema of the arguments, which the server applies. @default none */
  args?: StandardSchemaV1<unknown, Args> | undefined;
}

/** Options of {@link call} whose types are inferred from schemas. */
export interface RpcCallSchemas<
  Args extends StandardSchemaV1,
  Result extends StandardSchemaV1,
  Since extends string | undefined,
> extends RpcApiMethodOptions<StandardSchemaV1.InferInput<Args>, NonNullable<Since>> {
  /** Longest time without a heartbeat of the server, in seconds or with a unit. @default that of the client */
  callMonitorTimeout?: Duration | undefined;
  /** Schema of the arguments, which the server applies. @default none */
  args?: Args | undefined;
  /** Schema of the result, which the client applies. @default none */
  result?: Result | undefined;
}

/** Options of {@link cast} whose types are inferred from a schema. */
export interface RpcCastSchemas<Args extends StandardSchemaV1, Since extends string | undefined>
  extends RpcApiMethodOptions<StandardSchemaV1.InferInput<Args>, NonNullable<Since>> {
  /** True to send the cast to all servers of the topic. @default false */
  fanout?: boolean | undefined;
  /** Schema of the arguments, which the server applies. @default none */
  args?: Args | undefined;
}
