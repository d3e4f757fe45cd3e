const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type Ending = (typeof SIGNALS)[number];

/** Exit codes of a process that a signal has ended, as shells count them. */
const EXIT_CODES: Readonly<Record<Ending, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Request to end a command in good order: Ctrl-C, SIGTERM, or a call of `end`. A further Ctrl-C or SIGTERM ends the process
 * at once.
 */
export class Interruption {
  readonly #ending = new AbortController();
  #received: Ending | undefined;

  readonly #onSignal = (signal: Ending) => {
    if (this.signal.aborted) process.exit(EXIT_CODES[signal]);
    this.#received = signal;
    this.end();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Aborted by the first request. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Exit code that tells of the received signal; undefined without one. */
  get exitCode(): number | undefined {
    return this.#received && EXIT_CODES[this.#received];
  }

  /** Asks the command to end. */
  end(): void {
    this.#ending.abort();
  }

  /** Resolves with the first request. */
  requested(): Promise<void> {
    const { signal } = this;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Leaves the signals to others again. */
  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
