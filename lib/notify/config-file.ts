import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { newScope } from '../core/async-scope.js';
import { Deadline } from '../core/deadline.js';
import { ConfigurationError, toError } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';

/** Shortest time between two checks of the file. */
const CHECK_INTERVAL_MS = 1000;
/** Longest wait for a check where an earlier content can be used instead. */
const RELOAD_TIMEOUT_MS = 1000;

/** Content of a YAML or JSON file, read again after changes. */
export class ConfigFile<T> {
  private value: T | undefined;
  private version = '';
  private lastCheck = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private failure: Error | undefined;
  /** True after the check under way has exceeded its timeout. */
  private isStuck = false;

  /**
   * @param make converts the content; throws for a wrong one
   * @throws ConfigurationError when the file does not exist
   */
  constructor(
    private readonly path: string,
    private readonly make: (content: unknown) => T,
    private readonly logger: LogSink,
  ) {
    try {
      statSync(path);
    } catch (cause) {
      throw new ConfigurationError(`Cannot read ${path}: ${toError(cause).message}`, { cause });
    }
  }

  /**
   * Returns the current content; the previous one while the file cannot be read, or the file system does not answer.
   * @throws ConfigurationError when the file could never be read, or not before the deadline
   */
  async current(deadline: Deadline): Promise<T> {
    if (performance.now() - this.lastCheck >= CHECK_INTERVAL_MS && !this.reading) {
      // Several notifications wait for one check.
      this.reading = newScope()
        .runInAsyncScope(this.check, this)
        .finally(() => {
          this.reading = undefined;
          this.isStuck = false;
        });
    }
    if (this.reading && !(this.isStuck && this.value !== undefined)) await this.outcome(this.reading, deadline);
    if (this.value !== undefined) return this.value;
    throw new ConfigurationError(`Cannot use ${this.path}: ${this.failure?.message}`, { cause: this.failure });
  }

  /** Waits for a check with a timeout: a network file system or a pipe may not answer. */
  private async outcome(reading: Promise<void>, deadline: Deadline): Promise<void> {
    const hasValue = this.value !== undefined;
    // The rest of the time is needed to send the notification.
    const limit = hasValue ? Deadline.after(Math.min(RELOAD_TIMEOUT_MS, deadline.remaining() / 2)) : deadline;
    const late = new ConfigurationError(`Cannot use ${this.path}: reading it took too long`);
    try {
      await limit.race(reading, () => late);
    } catch (error) {
      if (!hasValue) throw error;
      if (!this.isStuck) this.logger.error(`${this.path} is used as it was before, because reading it took too long`);
      this.isStuck = true;
    }
  }

  private async check(): Promise<void> {
    this.lastCheck = performance.now();
    try {
      const found = await stat(this.path);
      // Reading a pipe may never end, and a pipe can be read once only.
      if (!found.isFile()) throw new Error('it is not a regular file');
      const { mtimeMs, size, ino } = found;
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.version) return;
      this.version = version;
      // Few applications need the parser, so it is loaded here.
      const { parse } = await import('yaml');
      this.value = this.make(parse(await readFile(this.path, 'utf8')));
      this.failure = undefined;
    } catch (error) {
      const failure = toError(error);
      if (this.value !== undefined && failure.message !== this.failure?.message)
        this.logger.error(`${this.path} is used as it was before: ${oneLine(failure.message)}`);
      this.failure = failure;
    }
  }
}
