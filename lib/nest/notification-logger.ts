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
import { InjectNotifier } from './tokens.js';

/** What a {@link NotificationLogger} publishes, and how. */
export interface NotificationLoggerOptions {
  /** @default ['error', 'fatal'] */
  levels?: readonly NotificationLogLevel[] | undefined;
  /**
   * `error` as Python's PublishErrorsHandler has it: event type `error_notification`, priority error, payload
   * `{ error }`. `record` as its LoggingNotificationHandler has it: event type `logrecord`, the priority of the line, a
   * payload with its parts (`name` is Nest's context). @default 'error'
   */
  format?: 'error' | 'record' | undefined;
  /** Lines on their way to the broker at a time; further ones are not published. @default 1000 */
  limit?: number | undefined;
  /** Where every line goes besides. @default a ConsoleLogger */
  logger?: LoggerService | undefined;
}

/** A level of Nest's logger. */
export type NotificationLogLevel = 'verbose' | 'debug' | 'log' | 'warn' | 'error' | 'fatal';

/** What Python has for each of Nest's levels. */
const LEVELS: Record<NotificationLogLevel, { priority: Priority; levelno: number; levelname: string }> = {
  verbose: { priority: 'debug', levelno: 10, levelname: 'DEBUG' },
  debug: { priority: 'debug', levelno: 10, levelname: 'DEBUG' },
  log: { priority: 'info', levelno: 20, levelname: 'INFO' },
  warn: { priority: 'warn', levelno: 30, levelname: 'WARNING' },
  error: { priority: 'error', levelno: 40, levelname: 'ERROR' },
  fatal: { priority: 'critical', levelno: 50, levelname: 'CRITICAL' },
};
const OPTIONS: readonly (keyof NotificationLoggerOptions)[] = ['levels', 'format', 'limit', 'logger'];
/** How long an application that shuts down waits for the last lines to be confirmed, in milliseconds. */
const LAST_LINES = 1000;

/**
 * A logger for Nest that publishes log lines as notifications: `app.useLogger(app.get(NotificationLogger))`. It never
 * throws and never waits; what cannot be published is counted. It does not publish the lines of this library, nor those
 * of a method that handles the notification of a log line.
 * Source: oslo_messaging.notify.log_handler, oslo_messaging.notify.logger.
 */
@Injectable()
export class NotificationLogger implements LoggerService, BeforeApplicationShutdown {
  private readonly levels: ReadonlySet<NotificationLogLevel>;
  private readonly format: 'error' | 'record';
  private readonly limit: number;
  private readonly logger: LoggerService;
  private readonly pending = new Set<Promise<void>>();
  private lost = 0;

  /** @throws ConfigurationError */
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

  /** Lines that should have been published and were not. */
  get dropped(): number {
    return this.lost;
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.take('verbose', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.take('debug', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.take('log', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.take('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.take('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.take('fatal', message, rest);
  }

  /** Levels of the logger behind; what is published stays as it was. */
  setLogLevels(levels: NotificationLogLevel[]): void {
    this.logger.setLogLevels?.(levels);
  }

  /** Lets the last lines reach the broker, for a second. */
  async beforeApplicationShutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_LINES);
    });
    await Promise.race([Promise.all(this.pending), late]);
    clearTimeout(timer);
  }

  private take(level: NotificationLogLevel, message: unknown, rest: unknown[]): void {
    this.logger[level]?.(message, ...rest);
    if (!this.levels.has(level) || areLogEventsSuppressed()) return;
    const line = readLine(message, rest);
    // Publishing what is said about publishing would never end.
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
