import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import { keepScope } from '../messaging/current-request.js';
import { OsloContext } from './oslo-context.js';

let installed = false;

/**
 * Lets class, message and arguments of what a handler, pipe or guard threw reach the strategy.
 *
 * Nest's default filter runs when no filter of the user's matched, and replaces the error by "Internal server error"
 * before a strategy sees it; a strategy is given no other place to look. So the default filter is taught one exception:
 * what came through this library keeps its error. Those of other transports are served as before.
 */
export function keepNativeFailures(): void {
  if (installed) return;
  installed = true;
  const replaceError = BaseRpcExceptionFilter.prototype.catch;
  BaseRpcExceptionFilter.prototype.catch = function (exception: unknown, host: ArgumentsHost): Observable<never> {
    const context: unknown = host.getArgByIndex(1);
    if (!(context instanceof OsloContext)) return replaceError.call(this, exception, host) as Observable<never>;
    // Farther out, what interceptors and guards have put into the async context is gone.
    keepScope(context.subject);
    return throwError(() => exception);
  };
}
