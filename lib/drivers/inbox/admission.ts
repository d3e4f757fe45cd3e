import type { Delivery } from './delivery.js';
import type { WorkLimit } from './work-limit.js';

/** Lets messages in as long as there is room for them; the others wait in order. */
export class Admission {
  private readonly waiting: Delivery[] = [];
  private admitting = false;
  private closed = false;

  /**
   * @param accept called with a message that there is room for, and what is to be given back
   * @param onFull called when the first message has to wait, and when none does any more
   */
  constructor(
    private readonly limit: WorkLimit,
    private readonly accept: (delivery: Delivery, taken: number) => void,
    private readonly onFull: (full: boolean) => void,
  ) {}

  /** True while a message waits until others are done with. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  push(delivery: Delivery): void {
    const taken = this.closed ? 0 : this.isFull ? undefined : this.limit.take(delivery);
    if (taken !== undefined) this.accept(delivery, taken);
    else if (this.waiting.push(delivery) === 1) this.onFull(true);
  }

  /** Gives back what a message took, and lets in what waited for that. */
  giveBack(taken: number): void {
    if (taken === 0) return;
    this.limit.give(taken);
    // What is let in may be done with at once.
    if (this.admitting) return;
    this.admitting = true;
    while (this.admitNext());
    this.admitting = false;
  }

  /** Keeps nothing waiting any more. @returns what waits */
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
