/** Where log lines go. Nest's `Logger` fits; any other needs these four methods. */
export interface LogSink {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Warnings and errors to standard error, nothing else: what a library may do unasked. */
export const consoleLogger: LogSink = {
  debug: () => undefined,
  log: () => undefined,
  warn: (message) => console.warn(oneLine(message)),
  error: (message) => console.error(oneLine(message)),
};

/** Control characters of both sets, line and paragraph separators, and what makes a terminal write backwards. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** Text from the wire made fit for one log line: shortened, and without control characters. */
export function oneLine(text: string, length = 1000): string {
  const start = text.slice(0, length).replace(UNFIT, ' ');
  return text.length > length ? `${start}…` : start;
}

const LEVELS = ['debug', 'log', 'warn', 'error'] as const;

/**
 * Logger that never throws, whatever the user's does: a lost line must not end what it is about. Lines that the user's
 * logger fails on go to standard error.
 */
export function guardedLogger(sink: LogSink): LogSink {
  const known = guards.get(sink);
  if (known) return known;
  let said = false;
  const fallBack = (level: keyof LogSink, message: string, thrown: unknown) => {
    try {
      consoleLogger[level](message);
      if (said) return;
      said = true;
      consoleLogger.error(`The logger threw; its lines go to standard error: ${oneLine(String(thrown))}`);
    } catch {
      // Nothing is left to say it by.
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

/** By the user's logger: one for each, however many transports it serves. */
const guards = new WeakMap<LogSink, LogSink>();
