import type { Observable } from 'rxjs';
import type { RpcMethodTypesOf } from '../contracts/client-types.js';
import type { RpcApi } from '../contracts/rpc-api.js';
import type { RequestContext } from '../messaging/request-context.js';
import type { OsloRpcContext } from './oslo-rpc-context.js';

/** Value of a handler, or a promise or an observable of it. */
export type RpcHandlerReturn<Result> = Result | Promise<Result> | Observable<Result>;

/**
 * Handler whose first parameter is one named argument (`@RpcArg`), or a context. Any first parameter is accepted where the
 * type of an argument is unknown.
 */
export type RpcHandlerByName<Args, Result> =
  | {
      [Name in keyof Args]-?: (
        first: unknown extends Args[Name] ? never : NonNullable<Args[Name]>,
        ...rest: never[]
      ) => RpcHandlerReturn<Result>;
    }[keyof Args]
  | ((context: RequestContext, ...rest: never[]) => RpcHandlerReturn<Result>)
  | ((context: OsloRpcContext, ...rest: never[]) => RpcHandlerReturn<Result>);

/** Handler of one method: its first parameter is the object of all arguments, a named argument, or a context. */
// `infer` makes the first form the first member of the union, which the compiler's errors are about.
export type RpcHandler<Args, Result> = ((
  args: unknown extends Args ? never : Args,
  ...rest: never[]
) => RpcHandlerReturn<Result>) extends infer Whole
  ? Whole | RpcHandlerByName<Args, Result>
  : never;

/**
 * Methods of a class that answers an API: `class Conductor implements RpcHandlers<typeof api>`. The compiler checks that each
 * method exists, its result, and its arguments where the first parameter is the whole object of them.
 * @typeParam Api `typeof api`
 */
export type RpcHandlers<Api extends RpcApi> =
  Api extends RpcApi<infer Methods>
    ? {
        [Key in keyof Methods]: RpcHandler<
          RpcMethodTypesOf<Methods[Key]>['received'],
          RpcMethodTypesOf<Methods[Key]>['returned']
        >;
      }
    : never;
