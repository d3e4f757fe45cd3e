import { constants } from 'node:os';
import { oneLine } from '../../internal.js';
import { EXIT } from '../exit-code.js';
import type { Surroundings } from '../surroundings.js';

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

  /** @param surroundings those of this process, which the interruption may end, or of a caller within it */
  constructor(private readonly surroundings: Surroundings) {}

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
    for (const name of SIGNALS) process.on(name, () => this.interrupt(name));
    const { stdout, stderr } = this.surroundings;
    // A reader that has read enough is no failure: the exit code stays.
    stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.failToWrite(error);
      this.begin();
    });
    // Nobody can be told.
    stderr.on('error', () => undefined);
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

  /** Takes a signal, or its key on a terminal whose line is edited. */
  interrupt(name: (typeof SIGNALS)[number]): void {
    const code = 128 + constants.signals[name];
    if (this.signal.aborted) {
      if (performance.now() - this.began > REPEATED_MS) this.exit(code);
      return;
    }
    this.surroundings.exitCode = code;
    this.begin();
  }

  private failToWrite({ message }: Error): void {
    const { stderr } = this.surroundings;
    if (!this.hasFailedToWrite) stderr.write(`${oneLine(`Error: the output cannot be written: ${message}`)}\n`);
    this.hasFailedToWrite = true;
    this.surroundings.exitCode ||= EXIT.failed;
  }

  private begin(): void {
    if (this.signal.aborted) return;
    this.began = performance.now();
    const ending = (this.finishTimeout ?? FINISH_TIMEOUT_MS) + CLOSE_TIMEOUT_MS;
    setTimeout(() => this.exit(), ending).unref();
    this.controller.abort();
  }

  private exit(code?: number): void {
    if (this.surroundings === process) process.exit(code);
  }
}
