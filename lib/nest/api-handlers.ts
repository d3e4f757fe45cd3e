import type { Observable } from 'rxjs';
import type { RpcMethodDefinition } from '../contracts/api-method.js';
import type { RpcApi } from '../contracts/rpc-api.js';
import type { RequestContext } from '../messaging/request-context.js';
import type { OsloRpcContext } from './oslo-rpc-context.js';

/** Value of a handler, or a promise or an observable of it. */
type Answer<Result> = Result | Promise<Result> | Observable<Result>;

/** Value of one named argument. Any parameter is accepted where its type is unknown. */
type ArgumentValue<Value> = unknown extends Value ? never : NonNullable<Value>;

/** Handler whose first parameter is one named argument (`@RpcArg`), or a context. */
type ByName<Args, Result> =
  | { [Name in keyof Args]-?: (first: ArgumentValue<Args[Name]>, ...rest: never[]) => Answer<Result> }[keyof Args]
  | ((context: RequestContext, ...rest: never[]) => Answer<Result>)
  | ((context: OsloRpcContext, ...rest: never[]) => Answer<Result>);

/** Handler of one method: its first parameter is the object of all arguments, a named argument, or a context. */
export type RpcHandler<Args, Result> =
  | ((args: unknown extends Args ? never : Args, ...rest: never[]) => Answer<Result>)
  | ByName<Args, Result>;

type HandlerOf<Method extends RpcMethodDefinition> = RpcHandler<
  NonNullable<Method['~types']>['received'],
  NonNullable<Method['~types']>['returned']
>;

/**
 * Methods of a class that answers an API: `class Conductor implements RpcHandlers<typeof api>`. The compiler checks that each
 * method exists, its result, and its arguments where the first parameter is the whole object of them.
 * @typeParam Api `typeof api`
 */
export type RpcHandlers<Api extends RpcApi> =
  Api extends RpcApi<infer Methods> ? { [Key in keyof Methods]: HandlerOf<Methods[Key]> } : never;
