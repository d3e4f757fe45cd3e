import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import type { Dict } from '../core/message.js';
import { OsloRpcContext } from './oslo-rpc-context.js';

/** Applies the serializer: request context and arguments in, result out. Bound to every `@RpcEndpoint`. */
@Injectable()
export class RequestContextInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const args = context.getArgs<[Dict, unknown]>();
    const [payload, rpcContext] = args;
    if (!(rpcContext instanceof OsloRpcContext) || rpcContext.passesEntities) return next.handle();
    // Pipes read the arguments after the interceptors, from this same array.
    args[0] = rpcContext.deserializeArgs(payload);
    return next.handle().pipe(map((result: unknown) => rpcContext.serializeResult(result)));
  }
}
