import type { LogSink } from 'nestjs-oslo-messaging';

/** A logger that remembers, for tests of what is logged. */
export class LogRecorder implements LogSink {
  readonly lines: { level: keyof LogSink; message: string }[] = [];
  readonly debug = this.#level('debug');
  readonly log = this.#level('log');
  readonly warn = this.#level('warn');
  readonly error = this.#level('error');

  /** The messages of a level, or of all, that match. */
  messages(pattern: RegExp, level?: keyof LogSink): string[] {
    return this.lines
      .filter((line) => (level === undefined || line.level === level) && pattern.test(line.message))
      .map(({ message }) => message);
  }

  clear(): void {
    this.lines.length = 0;
  }

  #level(level: keyof LogSink) {
    return (message: string) => {
      this.lines.push({ level, message });
    };
  }
}
