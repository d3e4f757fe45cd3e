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
