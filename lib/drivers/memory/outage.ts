import { LastInterruption } from '../last-interruption.js';

/** Time without a connection to an embedded broker. Only tests begin one. */
export class Outage {
  private readonly listeners = new Set<(isOn: boolean) => void>();
  /** Number of publishes and connects that wait for its end. */
  waiting = 0;
  private on = false;
  private readonly past = new LastInterruption();

  /** True while the broker cannot be reached. */
  get isOn(): boolean {
    return this.on;
  }

  /** Begins or ends the outage, and calls the listeners with each change. */
  set(on: boolean): void {
    if (on === this.on) return;
    this.on = on;
    if (on) this.past.begin();
    else this.past.end('the embedded broker was disconnected');
    for (const listener of [...this.listeners]) listener(on);
  }

  /** Returns the error for an operation during which an outage has ended. @param began its start, on the monotonic clock */
  endedSince(began: number): Error | undefined {
    return this.past.errorFor(began);
  }

  /** Calls the listener with each change. Returns a function that ends this. */
  watch(listener: (isOn: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
