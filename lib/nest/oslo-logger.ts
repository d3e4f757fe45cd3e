import { ConsoleLogger, type ConsoleLoggerOptions, Injectable, type LogLevel } from '@nestjs/common';
import type { Dict } from '../core/dict.js';
import { oneLine } from '../core/logger.js';
import { type ContextField, textIn } from '../messaging/context-keys.js';
import { currentContext, getLogFields } from '../messaging/log-fields.js';
import { sharedNestClass } from './shared-in-nest.js';

/** Names of Nest's levels in Python. */
const LEVELS: Record<LogLevel, string> = {
  verbose: 'TRACE',
  debug: 'DEBUG',
  log: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** Fields of oslo.log's `user_identity`. */
const IDENTITY = ['userId', 'projectId', 'domain', 'systemScope', 'userDomain', 'projectDomain'] as const;

/** Length of a value of the context in a line, in characters: it comes off the wire. */
const MAX_VALUE = 200;

/** Returns the text of a field in one line; an empty one without it. */
const formatted = (context: Dict, field: ContextField): string => oneLine(textIn(context, field) ?? '', MAX_VALUE);

/**
 * Returns the part of a line that names the request: `[<global request id> <request id> <user> <project> …]`, or `[-]`
 * without one. Source: oslo.log's logging_context_format_string and logging_user_identity_format.
 */
function requestPart(context: Dict): string {
  const requestId = formatted(context, 'requestId');
  if (requestId === '') return '[-]';
  const identity = IDENTITY.map((field) => formatted(context, field) || '-');
  return `[${formatted(context, 'globalRequestId') || 'None'} ${requestId} ${identity.join(' ')}]`;
}

/** Returns the local time as Python's `asctime` with milliseconds: `2026-01-31 12:00:00.000`. */
function localTime(now = new Date()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  return `${date} ${time}.${String(now.getMilliseconds()).padStart(3, '0')}`;
}

/**
 * Logger for Nest whose lines have the form of oslo.log, so that one parser reads the lines of both languages:
 * `2026-01-31 12:00:00.000 4711 INFO OrdersService [None req-1 alice shop - - - -] text`. A line that is written while a
 * request or a notification is handled names it. With `json: true`, Nest's JSON lines get the fields of `getLogFields`
 * (Nest 11.1 or later).
 * Source: oslo_log.formatters.ContextFormatter.
 */
@sharedNestClass('OsloLogger')
@Injectable()
export class OsloLogger extends ConsoleLogger {
  /** @param options of Nest's ConsoleLogger. Default: no colors */
  constructor(options: ConsoleLoggerOptions = {}) {
    super({ colors: false, ...options });
  }

  /** @internal */
  protected override formatContext(context: string): string {
    return context;
  }

  /** @internal */
  protected override formatMessage(
    logLevel: LogLevel,
    message: unknown,
    _pid: string,
    _level: string,
    context: string,
  ): string {
    const text = this.stringifyMessage(message, logLevel);
    const name = oneLine(context || 'Nest', MAX_VALUE);
    return `${localTime()} ${process.pid} ${LEVELS[logLevel]} ${name} ${requestPart(currentContext())} ${text}\n`;
  }

  /** @internal */
  protected override getJsonLogObject(
    message: unknown,
    options: Parameters<ConsoleLogger['getJsonLogObject']>[1],
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    return { ...getLogFields(), ...super.getJsonLogObject(message, options) };
  }
}
