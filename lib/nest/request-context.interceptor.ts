import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import type { Dict } from '../core/dict.js';
import { passesEntities, type Serializer } from '../messaging/serializer.js';
import { OsloRpcContext } from './oslo-rpc-context.js';
import { sharedInNest, sharedNestClass } from './shared-in-nest.js';

/** Interceptor that deserializes arguments and serializes results. Bound to every `@RpcEndpoint`. */
@sharedNestClass('RequestContextInterceptor')
@Injectable()
export class RequestContextInterceptor implements NestInterceptor {
  /** Converts arguments and result of an RPC request, once; passes anything else unchanged. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const args = context.getArgs<[Dict, unknown]>();
    const [payload, rpcContext] = args;
    if (!(rpcContext instanceof OsloRpcContext) || rpcContext.passesEntities) return next.handle();
    // It may be bound several times: by the decorators of a class and of its base class, and by the user.
    if (!rpcContext.takeTurn()) return next.handle();
    // Pipes read the arguments from this array after the interceptors.
    args[0] = rpcContext.deserializeArgs(payload);
    return next.handle().pipe(map((result: unknown) => rpcContext.serializeResult(result)));
  }
}

/** Metadata key of the interceptors of a class or a method. */
export const INTERCEPTORS = '__interceptors__';
const state = sharedInNest('interceptor state', () => ({ isNeeded: false }));

/**
 * Interceptor that is active while a server's serializer converts entities. Nest reads its method when it makes the
 * handlers of a server, and leaves out interceptors without one. An interceptor that does nothing would double the time in
 * Nest's pipeline.
 */
const whereNeeded = sharedInNest('interceptor', () =>
  Object.defineProperty(new RequestContextInterceptor(), 'intercept', {
    get: () => (state.isNeeded ? RequestContextInterceptor.prototype.intercept : undefined),
  }),
);

/** Activates the interceptor for all servers made from now on, if the serializer converts entities. */
export function interceptFor(serializer: Serializer): void {
  if (!passesEntities(serializer)) state.isNeeded = true;
}

/**
 * Binds the interceptor before all others of the class, so that they see deserialized arguments in any order of the
 * decorators. `@UseInterceptors` refuses an interceptor without a method.
 */
export function bindInterceptor(endpointClass: object): void {
  const others = (Reflect.getMetadata(INTERCEPTORS, endpointClass) ?? []) as unknown[];
  const bound = [whereNeeded, ...others.filter((other) => other !== whereNeeded)];
  Reflect.defineMetadata(INTERCEPTORS, bound, endpointClass);
}
