import {
  type BeforeApplicationShutdown,
  ConsoleLogger,
  Injectable,
  type LoggerService,
  Optional,
} from '@nestjs/common';
import { ConfigurationError } from '../core/errors.js';
import type { Priority } from '../core/notification.js';
import { checkNames } from '../core/option-rules.js';
import type { Notifier } from '../notify/notifier.js';
import { type LogLine, readLine } from './log-line.js';
import { areLogEventsSuppressed, LOG_CONTEXT, LOG_EVENTS, suppressLogEvents } from './log-suppression.js';
import { sharedNestClass } from './shared-in-nest.js';
import { InjectNotifier } from './tokens.js';

/** Options of a {@link NotificationLogger}. */
export interface NotificationLoggerOptions {
  /** Levels that are published. @default ['error', 'fatal'] */
  levels?: readonly NotificationLogLevel[] | undefined;
  /**
   * Form of the notifications. `error`, as Python's PublishErrorsHandler: event type `error_notification`, priority error,
   * payload `{ error }`. `record`, as Python's LoggingNotificationHandler: event type `logrecord`, the priority of the
   * line, a payload with its parts (`name` is Nest's context). @default 'error'
   */
  format?: 'error' | 'record' | undefined;
  /** Largest number of unconfirmed lines. Further lines are dropped and counted. @default 1000 */
  limit?: number | undefined;
  /** Logger that writes every line too. @default a ConsoleLogger */
  logger?: LoggerService | undefined;
}

/** Level of Nest's logger. */
export type NotificationLogLevel = 'verbose' | 'debug' | 'log' | 'warn' | 'error' | 'fatal';

/** Priority, number and name that Python has for each of Nest's levels. */
const LEVELS: Record<NotificationLogLevel, { priority: Priority; levelno: number; levelname: string }> = {
  verbose: { priority: 'debug', levelno: 10, levelname: 'DEBUG' },
  debug: { priority: 'debug', levelno: 10, levelname: 'DEBUG' },
  log: { priority: 'info', levelno: 20, levelname: 'INFO' },
  warn: { priority: 'warn', levelno: 30, levelname: 'WARNING' },
  error: { priority: 'error', levelno: 40, levelname: 'ERROR' },
  fatal: { priority: 'critical', levelno: 50, levelname: 'CRITICAL' },
};
const OPTIONS: readonly (keyof NotificationLoggerOptions)[] = ['levels', 'format', 'limit', 'logger'];
/** Longest wait for the confirms of the last lines at shutdown. */
const SHUTDOWN_TIMEOUT_MS = 1000;

/**
 * Logger for Nest that publishes log lines as notifications: `app.useLogger(app.get(NotificationLogger))`. It never throws
 * and never waits. Lines that cannot be published are counted. It does not publish the lines of this library, nor those of
 * a method that handles the notification of a log line.
 * Source: oslo_messaging.notify.log_handler, oslo_messaging.notify.logger.
 */
@sharedNestClass('NotificationLogger')
@Injectable()
export class NotificationLogger implements LoggerService, BeforeApplicationShutdown {
  private readonly levels: ReadonlySet<NotificationLogLevel>;
  private readonly format: 'error' | 'record';
  private readonly limit: number;
  private readonly logger: LoggerService;
  private readonly pending = new Set<Promise<void>>();
  private lost = 0;

  /** @throws ConfigurationError for an unknown or ill-typed option */
  constructor(
    @InjectNotifier('error.publisher') private readonly notifier: Notifier,
    @Optional() options: NotificationLoggerOptions = {},
  ) {
    checkNames(options, OPTIONS, 'NotificationLogger option');
    const { levels = ['error', 'fatal'], format = 'error', limit = 1000, logger } = options;
    const unknown = levels.find((level) => !Object.hasOwn(LEVELS, level));
    if (unknown !== undefined)
      throw new ConfigurationError(`levels: "${unknown}" is unknown; known are ${Object.keys(LEVELS).join(', ')}`);
    if (!Object.hasOwn(LOG_EVENTS, format))
      throw new ConfigurationError(`format: expected error or record; got ${JSON.stringify(format)}`);
    if (!Number.isInteger(limit) || limit < 1)
      throw new ConfigurationError(`limit: expected a positive integer; got ${JSON.stringify(limit)}`);
    this.levels = new Set(levels);
    this.format = format;
    this.limit = limit;
    this.logger = logger ?? new ConsoleLogger();
  }

  /** Number of lines that could not be published. */
  get dropped(): number {
    return this.lost;
  }

  /** Logs a line at level verbose. */
  verbose(message: unknown, ...rest: unknown[]): void {
    this.take('verbose', message, rest);
  }

  /** Logs a line at level debug. */
  debug(message: unknown, ...rest: unknown[]): void {
    this.take('debug', message, rest);
  }

  /** Logs a line at level log. */
  log(message: unknown, ...rest: unknown[]): void {
    this.take('log', message, rest);
  }

  /** Logs a line at level warn. */
  warn(message: unknown, ...rest: unknown[]): void {
    this.take('warn', message, rest);
  }

  /** Logs a line at level error. */
  error(message: unknown, ...rest: unknown[]): void {
    this.take('error', message, rest);
  }

  /** Logs a line at level fatal. */
  fatal(message: unknown, ...rest: unknown[]): void {
    this.take('fatal', message, rest);
  }

  /** Sets the levels that the `logger` option writes. The published levels stay unchanged. */
  setLogLevels(levels: NotificationLogLevel[]): void {
    this.logger.setLogLevels?.(levels);
  }

  /** Waits up to one second for the broker to confirm the last lines. */
  async beforeApplicationShutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SHUTDOWN_TIMEOUT_MS);
    });
    await Promise.race([Promise.all(this.pending), late]);
    clearTimeout(timer);
  }

  private take(level: NotificationLogLevel, message: unknown, rest: unknown[]): void {
    this.logger[level]?.(message, ...rest);
    if (!this.levels.has(level) || areLogEventsSuppressed()) return;
    const line = readLine(message, rest);
    // A line about publishing must not be published: that would never end.
    if (line.context === LOG_CONTEXT) return;
    if (this.pending.size >= this.limit) {
      this.lost++;
      return;
    }
    const publishing: Promise<void> = this.publish(level, line)
      .catch(() => {
        this.lost++;
      })
      .finally(() => this.pending.delete(publishing));
    this.pending.add(publishing);
  }

  private async publish(level: NotificationLogLevel, { text, context, stack, extra }: LogLine): Promise<void> {
    const { priority, levelno, levelname } = LEVELS[level];
    if (this.format === 'error') {
      await suppressLogEvents(() => this.notifier.error({}, LOG_EVENTS.error, { error: text }));
      return;
    }
    const record = {
      name: context ?? 'root',
      levelno,
      levelname,
      exc_info: stack,
      pathname: null,
      lineno: null,
      msg: text,
      funcName: null,
      thread: null,
      processName: process.title,
      process: process.pid,
      extra,
    };
    await suppressLogEvents(() => this.notifier[priority]({}, LOG_EVENTS.record, record));
  }
}
