interface Pause {
  readonly end: () => void;
  readonly stop: () => void;
}

/** Waits before something is tried again, all of which end together. */
export class Pauses {
  private readonly running = new Map<NodeJS.Timeout, Pause>();
  private open = true;

  /**
   * @param end called after the time
   * @param stop called instead when the pauses are closed before, or were already
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

  close(): void {
    this.open = false;
    for (const [timer, { stop }] of this.running) {
      clearTimeout(timer);
      stop();
    }
    this.running.clear();
  }
}
