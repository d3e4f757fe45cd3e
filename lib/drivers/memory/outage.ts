/** Time without a connection to an embedded broker. Only tests begin one. */
export class Outage {
  private readonly listeners = new Set<(isOn: boolean) => void>();
  /** Number of publishes and connects that wait for its end. */
  waiting = 0;
  private on = false;

  /** True while the broker cannot be reached. */
  get isOn(): boolean {
    return this.on;
  }

  /** Begins or ends the outage, and calls the listeners with each change. */
  set(on: boolean): void {
    if (on === this.on) return;
    this.on = on;
    for (const listener of [...this.listeners]) listener(on);
  }

  /** Calls the listener with each change. Returns a function that ends this. */
  watch(listener: (isOn: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
