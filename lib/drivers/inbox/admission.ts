import type { Delivery } from './delivery.js';
import type { WorkLimit } from './work-limit.js';

/** Accepts messages while the work limit has room. The others wait in order. */
export class Admission {
  private readonly waiting: Delivery[] = [];
  private admitting = false;
  private closed = false;

  /**
   * @param accept called with an accepted message, and its share of the work limit to give back
   * @param onFull called with true when the first message must wait, and with false when none does any more
   */
  constructor(
    private readonly limit: WorkLimit,
    private readonly accept: (delivery: Delivery, taken: number) => void,
    private readonly onFull: (full: boolean) => void,
  ) {}

  /** True while a message waits for others to end. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  /** Accepts a message, now or when there is room. */
  push(delivery: Delivery): void {
    const taken = this.closed ? 0 : this.isFull ? undefined : this.limit.take(delivery);
    if (taken !== undefined) this.accept(delivery, taken);
    else if (this.waiting.push(delivery) === 1) this.onFull(true);
  }

  /** Gives back the share of a message, and accepts waiting messages. */
  giveBack(taken: number): void {
    if (taken === 0) return;
    this.limit.give(taken);
    // An accepted message may end at once, and call this again.
    if (this.admitting) return;
    this.admitting = true;
    while (this.admitNext());
    this.admitting = false;
  }

  /** Stops limiting, and returns the waiting messages. */
  close(): readonly Delivery[] {
    this.closed = true;
    const left = this.waiting.splice(0);
    if (left.length > 0) this.onFull(false);
    return left;
  }

  private admitNext(): boolean {
    const [next] = this.waiting;
    const taken = next && this.limit.take(next);
    if (!next || taken === undefined) return false;
    this.waiting.shift();
    if (!this.isFull) this.onFull(false);
    this.accept(next, taken);
    return this.isFull;
  }
}
