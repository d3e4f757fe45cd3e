/** Logger of the library. Nest's `Logger` is one; any other needs these four methods. */
export interface LogSink {
  /** Writes a line about one message or one step. */
  debug(message: string): void;
  /** Writes a line about a normal event, such as a connection. */
  log(message: string): void;
  /** Writes a line about a problem that the library handles. */
  warn(message: string): void;
  /** Writes a line about a loss, or about a problem that needs action. */
  error(message: string): void;
}

/** Default logger. Writes warnings and errors to standard error. */
export const consoleLogger: LogSink = {
  debug: () => undefined,
  log: () => undefined,
  warn: (message) => console.warn(oneLine(message)),
  error: (message) => console.error(oneLine(message)),
};

/** Control characters, line and paragraph separators, and marks that change the writing direction of a terminal. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** Returns a text from the wire for one log line: shortened, and without control characters. */
export function oneLine(text: string, length = 1000): string {
  const start = text.slice(0, length).replace(UNFIT, ' ');
  return text.length > length ? `${start}…` : start;
}

const LEVELS = ['debug', 'log', 'warn', 'error'] as const;

/**
 * Returns a logger that never throws, so that a failing logger of the user cannot stop the work that it logs. A line that
 * the user's logger fails to write goes to standard error.
 */
export function guardedLogger(sink: LogSink): LogSink {
  const known = guards.get(sink);
  if (known) return known;
  let isReported = false;
  const fallBack = (level: keyof LogSink, message: string, thrown: unknown) => {
    try {
      consoleLogger[level](message);
      if (isReported) return;
      isReported = true;
      consoleLogger.error(`The logger threw; its lines go to standard error: ${oneLine(String(thrown))}`);
    } catch {
      // Standard error failed, too, so the line is lost.
    }
  };
  const guardOf = (level: keyof LogSink) => (message: string) => {
    try {
      const result: unknown = sink[level](message);
      // An asynchronous logger's rejection would end the process.
      if (result instanceof Promise) result.catch((thrown: unknown) => fallBack(level, message, thrown));
    } catch (thrown) {
      fallBack(level, message, thrown);
    }
  };
  const logger = Object.fromEntries(LEVELS.map((level) => [level, guardOf(level)])) as unknown as LogSink;
  guards.set(sink, logger).set(logger, logger);
  return logger;
}

/** Guarded loggers by the logger of the user: one for each, shared by its transports. */
const guards = new WeakMap<LogSink, LogSink>();
