const INTERVAL = 20;
const KEPT = 3000;

/** For how long a busy machine did not run this process: what is late for that reason is not the library's delay. */
export class LagProbe {
  #timer: NodeJS.Timeout | undefined;
  #expected = 0;
  readonly #stalls: { at: number; length: number }[] = [];

  start(): void {
    if (this.#timer) return;
    this.#expected = performance.now() + INTERVAL;
    this.#timer = setInterval(() => {
      const length = this.#missed();
      const now = performance.now();
      if (length > INTERVAL / 4) this.#stalls.push({ at: now, length });
      if (this.#stalls.length > KEPT) this.#stalls.shift();
      this.#expected = now + INTERVAL;
    }, INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Milliseconds that were missed, in all, from then until now. */
  since(time: number): number {
    return this.#stalls.reduce((sum, { at, length }) => (at >= time ? sum + length : sum), this.#missed());
  }

  /** The present turn of the event loop may come before the one that counts. */
  #missed(): number {
    return Math.max(0, performance.now() - this.#expected);
  }
}
