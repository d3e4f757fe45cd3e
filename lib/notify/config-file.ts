import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { ConfigurationError, toError } from '../core/errors.js';
import { type LogSink, oneLine } from '../core/logger.js';

/** Milliseconds between two looks at the file. */
const LOOK_INTERVAL = 1000;

/** What a YAML (or JSON) file says, read again when it has changed. */
export class ConfigFile<T> {
  private value: T | undefined;
  private version = '';
  private lastLook = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private failure: Error | undefined;

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

  /** What it says now; what it said before, while it cannot be read. @throws ConfigurationError when it never could */
  async current(): Promise<T> {
    if (performance.now() - this.lastLook >= LOOK_INTERVAL) {
      this.reading ??= this.look().finally(() => {
        this.reading = undefined;
      });
    }
    await this.reading;
    if (this.value !== undefined) return this.value;
    throw new ConfigurationError(`Cannot use ${this.path}: ${this.failure?.message}`, { cause: this.failure });
  }

  private async look(): Promise<void> {
    this.lastLook = performance.now();
    try {
      const { mtimeMs, size, ino } = await stat(this.path);
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
