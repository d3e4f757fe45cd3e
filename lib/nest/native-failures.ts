import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import { keepScope } from '../messaging/current-request.js';
import { OsloContext } from './oslo-context.js';

let installed = false;

/**
 * Lets the error of a handler, pipe or guard reach the strategy with class, message and arguments.
 *
 * Nest's default filter runs when no filter of the user matched. It replaces the error by "Internal server error" before a
 * strategy sees it, and Nest offers a strategy no other access. So the default filter is changed: requests of this library
 * keep their error, requests of other transports are served as before.
 */
export function keepNativeFailures(): void {
  if (installed) return;
  installed = true;
  const replaceError = BaseRpcExceptionFilter.prototype.catch;
  BaseRpcExceptionFilter.prototype.catch = function (exception: unknown, host: ArgumentsHost): Observable<never> {
    const context: unknown = host.getArgByIndex(1);
    if (!(context instanceof OsloContext)) return replaceError.call(this, exception, host) as Observable<never>;
    // Outside of the filter, the stores that interceptors and guards entered are lost.
    keepScope(context.subject);
    return throwError(() => exception);
  };
}
