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

/** Text from the wire made fit for one log line: no control characters, shortened. */
export function oneLine(text: string, length = 1000): string {
  const clean = text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
}
