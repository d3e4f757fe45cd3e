import { constants } from 'node:os';
import { oneLine } from '../../internal.js';
import { EXIT } from '../exit-code.js';

/** Signals that end a command. Their exit code is that of a shell: 128 and the number of the signal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Time in milliseconds for a command to finish by itself, such as to answer what it has begun. */
const FINISH_TIMEOUT_MS = 5000;

/** Time in milliseconds to close connections after it. Then the process ends in any case. */
const CLOSE_TIMEOUT_MS = 3000;

/** Time in milliseconds in which a second signal counts as the first: `npx` passes on a Ctrl-C that the terminal has sent, too. */
const REPEATED_MS = 300;

/**
 * End of a command from outside: Ctrl-C or another signal, or a reader of standard output that closes the pipe, as `head` does.
 * A second signal ends the process at once.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private finishTimeout: number | undefined;
  private began = 0;
  /** True when standard output could not be written, such as to a full disk. */
  hasFailedToWrite = false;

  /** Resolves at the interruption. */
  readonly happens: Promise<void> = new Promise((resolve) => {
    this.controller.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  /** Aborted at the interruption. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Begins to watch signals and standard output. */
  watch(): void {
    for (const name of SIGNALS) process.on(name, () => this.interrupt(128 + constants.signals[name]));
    // A reader that has read enough is no failure: the exit code stays.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.failToWrite(error);
      this.begin();
    });
    // Nobody can be told.
    process.stderr.on('error', () => undefined);
  }

  /**
   * Returns the signal for a command that ends by itself after the interruption. Any other is abandoned: its connections are
   * closed.
   * @param within time for it, in milliseconds. Default: 5 s
   */
  handled(within: number = FINISH_TIMEOUT_MS): AbortSignal {
    this.finishTimeout = within;
    return this.signal;
  }

  /** Resolves when the work has ended, or is abandoned after an interruption. @throws the error of the work, unless abandoned */
  async during(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const abandoned = this.happens.then(() => {
      if (this.finishTimeout === undefined) return undefined;
      return new Promise<void>((resolve) => {
        timer = setTimeout(resolve, this.finishTimeout);
      });
    });
    // What it still throws is a consequence of the end.
    work.catch(() => undefined);
    await Promise.race([work, abandoned]).finally(() => clearTimeout(timer));
  }

  private failToWrite({ message }: Error): void {
    if (!this.hasFailedToWrite) process.stderr.write(`${oneLine(`Error: the output cannot be written: ${message}`)}\n`);
    this.hasFailedToWrite = true;
    process.exitCode ||= EXIT.failed;
  }

  private interrupt(code: number): void {
    if (this.signal.aborted) {
      if (performance.now() - this.began > REPEATED_MS) process.exit(code);
      return;
    }
    process.exitCode = code;
    this.begin();
  }

  private begin(): void {
    if (this.signal.aborted) return;
    this.began = performance.now();
    const ending = (this.finishTimeout ?? FINISH_TIMEOUT_MS) + CLOSE_TIMEOUT_MS;
    setTimeout(() => process.exit(), ending).unref();
    this.controller.abort();
  }
}
