interface Pause {
  readonly end: () => void;
  readonly stop: () => void;
}

/** Delays before repetitions. Closing ends all of them at once. */
export class Pauses {
  private readonly running = new Map<NodeJS.Timeout, Pause>();
  private open = true;

  /**
   * Starts a delay.
   * @param end called after the delay
   * @param stop called instead when closing ends the delay, or when closed already
   */
  begin(milliseconds: number, end: () => void, stop = end): void {
    if (!this.open) {
      stop();
      return;
    }
    const timer = setTimeout(() => {
      this.running.delete(timer);
      end();
    }, milliseconds);
    this.running.set(timer, { end, stop });
  }

  /** Ends all delays, and every later one at once. */
  close(): void {
    this.open = false;
    for (const [timer, { stop }] of this.running) {
      clearTimeout(timer);
      stop();
    }
    this.running.clear();
  }
}
