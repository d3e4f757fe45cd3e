const INTERVAL_MS = 20;
const MAX_STALLS = 3000;

/** Measures how long a busy machine kept this process from running. Such a delay is not the library's. */
export class LagProbe {
  #timer: NodeJS.Timeout | undefined;
  #expected = 0;
  readonly #stalls: { at: number; length: number }[] = [];

  start(): void {
    if (this.#timer) return;
    this.#expected = performance.now() + INTERVAL_MS;
    this.#timer = setInterval(() => {
      const length = this.#missed();
      const now = performance.now();
      if (length > INTERVAL_MS / 4) this.#stalls.push({ at: now, length });
      if (this.#stalls.length > MAX_STALLS) this.#stalls.shift();
      this.#expected = now + INTERVAL_MS;
    }, INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Milliseconds that were missed in all, from then until now. */
  since(time: number): number {
    return this.#stalls.reduce((sum, { at, length }) => (at >= time ? sum + length : sum), this.#missed());
  }

  /** The present turn of the event loop may come before the one that counts. */
  #missed(): number {
    return Math.max(0, performance.now() - this.#expected);
  }
}
