import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger, Optional } from '@nestjs/common';
import { RemoteError } from '../core/errors.js';
import { oneLine } from '../core/logger.js';
import { maskText } from '../core/mask-text.js';
import { checkOptions, flag, natural, type Rule } from '../core/option-rules.js';
import { loggedMessage, loggedStack } from '../core/thrown.js';
import { describeRequest, sendJson } from './http-response.js';
import { passOn } from './pass-on.js';
import { comesFromCalls, type RemoteStatuses, StatusTable } from './remote-statuses.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Options of a {@link RemoteExceptionFilter}. */
export interface RemoteExceptionFilterOptions {
  /** Status of remote exceptions without an entry: 400 to 599. @default 502 */
  unmapped?: number | undefined;
  /** Send message, class and remote traceback of every exception, for development. Secrets are masked. @default false */
  details?: boolean | undefined;
}

const RULES: Record<keyof RemoteExceptionFilterOptions, Rule> = { unmapped: natural(400, 599), details: flag };

/** Messages for the HTTP client where the message of the exception is not for it. */
const MESSAGES: Readonly<Record<number, string>> = {
  500: 'Internal server error',
  502: 'The service failed',
  503: 'The service is not available',
  504: 'The service did not answer in time',
};
const SERVER_ERROR = 500;
const MAX_LOGGED = 4000;

/** Type that {@link RemoteExceptionFilter} catches, by `instanceof`. All other exceptions go to other filters. */
abstract class CallFailure {
  static [Symbol.hasInstance](thrown: unknown): boolean {
    return comesFromCalls(thrown);
  }
}

/**
 * Filter that answers HTTP requests whose calls failed: remote exceptions with the statuses of a table, a timeout with 504,
 * a missing service or broker with 503. Outside of HTTP, exceptions go their usual way. Needs no platform package.
 */
@sharedNestClass('RemoteExceptionFilter')
@Catch(CallFailure)
export class RemoteExceptionFilter implements ExceptionFilter<Error> {
  private static readonly logger = new Logger(RemoteExceptionFilter.name);
  private readonly statuses: StatusTable;
  private readonly details: boolean;

  /**
   * @param statuses HTTP statuses of remote exceptions, by name or class. The most specific entry applies, and may also be
   * one of the library's own errors. Default: none
   * @throws ConfigurationError for an entry that is not an exception with a status from 400 to 599, and for an unknown or
   * ill-typed option
   */
  constructor(@Optional() statuses: RemoteStatuses = {}, @Optional() options: RemoteExceptionFilterOptions = {}) {
    checkOptions(options, RULES, '', 'RemoteExceptionFilter option');
    const { unmapped = 502, details = false } = options;
    this.statuses = new StatusTable(statuses, unmapped);
    this.details = details;
  }

  /** Answers an HTTP request. Passes on exceptions of other requests. */
  catch(exception: Error, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return passOn(exception, host);
    const { status, isMapped } = this.statuses.of(exception);
    const http = host.switchToHttp();
    if (status >= SERVER_ERROR) {
      const text = `${describeRequest(http.getRequest<object>())} failed with ${status}: ${loggedStack(exception)}`;
      RemoteExceptionFilter.logger.error(oneLine(maskText(text), MAX_LOGGED));
    }
    sendJson(http.getResponse<object>(), status, this.bodyOf(exception, status, isMapped));
    return undefined;
  }

  private bodyOf(exception: Error, status: number, isMapped: boolean): object {
    const error = STATUS_CODES[status] ?? 'Error';
    const own = isMapped || this.details ? maskText(messageFor(exception)) : '';
    const body: object = HttpException.createBody(own || (MESSAGES[status] ?? error), error, status);
    return this.details ? { ...body, ...detailsOf(exception) } : body;
  }
}

const messageFor = (exception: Error) =>
  exception instanceof RemoteError ? exception.value : loggedMessage(exception);

function detailsOf(exception: Error): { exception: string; traceback: string[] } {
  const { remoteTraceback = [] } = exception as { remoteTraceback?: readonly string[] };
  const [name, traceback] =
    exception instanceof RemoteError
      ? [exception.excType, exception.traceback]
      : [exception.constructor.name, remoteTraceback];
  return { exception: name, traceback: traceback.map((line) => maskText(line)) };
}
