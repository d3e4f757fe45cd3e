import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { from, mergeMap, type Observable } from 'rxjs';
import { parseArguments } from '../contracts/schema-check.js';
import { INTERCEPTORS } from './request-context.interceptor.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Interceptor of one method. It parses the arguments by a schema. Nest's pipes and the handler get what it returns. */
@sharedNestClass('ArgumentsValidator')
class ArgumentsValidator implements NestInterceptor {
  constructor(
    private readonly schema: StandardSchemaV1,
    private readonly method: string,
  ) {}

  /** @throws InvalidArguments */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const args = context.getArgs<[object, ...unknown[]]>();
    const parsed = parseArguments(this.schema, args[0], this.method);
    if (!(parsed instanceof Promise)) {
      args[0] = parsed as object;
      return next.handle();
    }
    return from(parsed).pipe(
      mergeMap((value) => {
        args[0] = value as object;
        return next.handle();
      }),
    );
  }
}

/** Binds the schema of the arguments to a method: before its own interceptors, after those of the class. */
export function bindArgumentsValidator(method: object, schema: StandardSchemaV1, name: string): void {
  const others = (Reflect.getMetadata(INTERCEPTORS, method) ?? []) as unknown[];
  const own = others.filter((other) => !(other instanceof ArgumentsValidator));
  Reflect.defineMetadata(INTERCEPTORS, [new ArgumentsValidator(schema, name), ...own], method);
}
