import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { newScope } from '../core/async-scope.js';
import { Deadline } from '../core/deadline.js';
import { ConfigurationError, toError } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';

/** Milliseconds between two looks at the file. */
const LOOK_INTERVAL = 1000;
/** Longest wait for a new look, in milliseconds, where the content of an earlier one can be used instead. */
const RELOAD_TIMEOUT_MS = 1000;

/** What a YAML (or JSON) file says, read again when it has changed. */
export class ConfigFile<T> {
  private value: T | undefined;
  private version = '';
  private lastLook = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private failure: Error | undefined;
  /** True where the look that is under way has kept somebody waiting in vain. */
  private isStuck = false;

  /**
   * @param make what to make of the content; throws when that is not right
   * @throws ConfigurationError when there is no such file
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
   * Returns the current content; the previous one while the file cannot be read, or does not answer.
   * @throws ConfigurationError when it could never be read, or not before the deadline
   */
  async current(deadline: Deadline): Promise<T> {
    if (performance.now() - this.lastLook >= LOOK_INTERVAL && !this.reading) {
      // Others wait for it, too.
      this.reading = newScope()
        .runInAsyncScope(this.look, this)
        .finally(() => {
          this.reading = undefined;
          this.isStuck = false;
        });
    }
    if (this.reading && !(this.isStuck && this.value !== undefined)) await this.outcome(this.reading, deadline);
    if (this.value !== undefined) return this.value;
    throw new ConfigurationError(`Cannot use ${this.path}: ${this.failure?.message}`, { cause: this.failure });
  }

  /** Waits for a look, but not for ever: a network file system or a pipe may not answer. */
  private async outcome(reading: Promise<void>, deadline: Deadline): Promise<void> {
    const hasValue = this.value !== undefined;
    // Time to send the notification must be left.
    const limit = hasValue ? Deadline.after(Math.min(RELOAD_TIMEOUT_MS, deadline.remaining() / 2)) : deadline;
    const late = new ConfigurationError(`Cannot use ${this.path}: it did not answer in time`);
    try {
      await limit.race(reading, () => late);
    } catch (error) {
      if (!hasValue) throw error;
      if (!this.isStuck) this.logger.error(`${this.path} is used as it was before: it did not answer in time`);
      this.isStuck = true;
    }
  }

  private async look(): Promise<void> {
    this.lastLook = performance.now();
    try {
      const found = await stat(this.path);
      // A pipe without a writer would not answer, and one with a writer answers once.
      if (!found.isFile()) throw new Error('it is not a regular file');
      const { mtimeMs, size, ino } = found;
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.version) return;
      this.version = version;
      // Loaded here, since few need it.
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
