import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import type { Dict } from '../core/dict.js';
import { passesEntities, type Serializer } from '../messaging/serializer.js';
import { OsloRpcContext } from './oslo-rpc-context.js';

/** Applies the serializer: request context and arguments in, result out. Bound to every `@RpcEndpoint`. */
@Injectable()
export class RequestContextInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const args = context.getArgs<[Dict, unknown]>();
    const [payload, rpcContext] = args;
    if (!(rpcContext instanceof OsloRpcContext) || rpcContext.passesEntities) return next.handle();
    // It may be bound several times: by the decorators of a class and of its base class, and by hand.
    if (!rpcContext.takeTurn()) return next.handle();
    // Pipes read the arguments after the interceptors, from this same array.
    args[0] = rpcContext.deserializeArgs(payload);
    return next.handle().pipe(map((result: unknown) => rpcContext.serializeResult(result)));
  }
}

/** Where Nest keeps the interceptors of a class. */
const INTERCEPTORS = '__interceptors__';
let needed = false;

/**
 * The interceptor, while any server's serializer changes entities. Nest looks for its method when it makes the handlers
 * of a server, which exists by then, and leaves out what has none: one that does nothing would cost as much as all the
 * rest of Nest's pipeline.
 */
const whereNeeded = Object.defineProperty(new RequestContextInterceptor(), 'intercept', {
  get: () => (needed ? RequestContextInterceptor.prototype.intercept : undefined),
});

/** Has the interceptor run where a serializer needs it: in the handlers of all servers that are made from now on. */
export function interceptFor(serializer: Serializer): void {
  if (!passesEntities(serializer)) needed = true;
}

/**
 * Binds the interceptor as `@UseInterceptors` would, which refuses what cannot intercept yet, but before all others of the
 * class: they see deserialized arguments in whatever order the decorators are.
 */
export function bindInterceptor(endpointClass: object): void {
  const others = (Reflect.getMetadata(INTERCEPTORS, endpointClass) ?? []) as unknown[];
  const bound = [whereNeeded, ...others.filter((other) => other !== whereNeeded)];
  Reflect.defineMetadata(INTERCEPTORS, bound, endpointClass);
}
