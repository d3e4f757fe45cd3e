import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { from, mergeMap, type Observable } from 'rxjs';
import type { RpcApiMethod } from '../contracts/api-method.js';
import { parseArguments } from '../contracts/schema-check.js';
import { hasOlderShape } from '../contracts/version-cap.js';
import { Deadline } from '../core/deadline.js';
import { MessagingTimeout } from '../core/errors.js';
import type { IncomingRequest } from '../drivers/driver.js';
import { OsloRpcContext } from './oslo-rpc-context.js';
import { INTERCEPTORS } from './request-context.interceptor.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Time that an asynchronous schema has where no caller waits, in seconds. Then the request no longer uses its slot. */
const MAX_SECONDS = 60;

/** Interceptor of one method. It parses the arguments by a schema. Nest's pipes and the handler get what it returns. */
@sharedNestClass('ArgumentsValidator')
class ArgumentsValidator implements NestInterceptor {
  constructor(
    private readonly method: RpcApiMethod,
    private readonly schema: StandardSchemaV1,
  ) {}

  /** @throws InvalidArguments */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const args = context.getArgs<[object, ...unknown[]]>();
    const [values, rpcContext] = args;
    // In a hybrid application, the same method may also answer HTTP.
    if (!(rpcContext instanceof OsloRpcContext)) return next.handle();
    const { incoming } = rpcContext;
    if (hasOlderShape(this.method, incoming.request.version)) return next.handle();
    const { name } = this.method;
    const parsed = parseArguments(this.schema, values, name);
    if (!(parsed instanceof Promise)) {
      args[0] = parsed as object;
      return next.handle();
    }
    return from(withinRequest(parsed, incoming, name)).pipe(
      mergeMap((value) => {
        args[0] = value as object;
        return next.handle();
      }),
    );
  }
}

/** Settles as the promise does, or rejects when the request ends: the schema might never settle. */
function withinRequest(parsed: Promise<unknown>, { expires, signal }: IncomingRequest, name: string): Promise<unknown> {
  // The signal aborts when the caller gives up.
  const limit = Number.isFinite(expires) ? Number.POSITIVE_INFINITY : MAX_SECONDS * 1000;
  const late = () =>
    new MessagingTimeout(`The schema of the arguments of "${name}" has not settled within ${MAX_SECONDS} s`, {
      method: name,
    });
  return Deadline.within(limit, Number.POSITIVE_INFINITY, signal).race(parsed, late);
}

/**
 * Binds the schema of the arguments to a method: before its own interceptors, after those of the class.
 * @param described the method in its API. Undefined, or without a schema: none is bound, and an inherited one is removed
 */
export function bindArgumentsValidator(method: object, described: RpcApiMethod | undefined): void {
  const others = (Reflect.getMetadata(INTERCEPTORS, method) ?? []) as unknown[];
  const own = others.filter((other) => !(other instanceof ArgumentsValidator));
  const schema = described?.args;
  if (described && schema)
    Reflect.defineMetadata(INTERCEPTORS, [new ArgumentsValidator(described, schema), ...own], method);
  else if (own.length < others.length) Reflect.defineMetadata(INTERCEPTORS, own, method);
}
