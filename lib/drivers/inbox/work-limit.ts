import type { Limits } from '../../core/limits.js';
import type { Delivery } from './delivery.js';

/** Maximum memory for one byte of JSON, in bytes, its text included: `{},` becomes an object of 64 bytes. */
const MAX_BYTES_PER_BYTE = 24;
/** Number of copies of the text: the body, its text, and the text in its envelope. */
const COPIES = 3;
/** Memory of the smallest value in an array, in bytes. */
const VALUE_BYTES = 64;

/**
 * Bounds the memory of the messages in work (`limits.bytesInWork`). Light messages are not counted: one for each slot
 * fits into half of the limit. Heavier messages share the other half.
 */
export class WorkLimit {
  private readonly light: number;
  private readonly room: number;
  private taken = 0;
  /** Last message and its weight: a message that must wait is weighed once, although it is tried repeatedly. */
  private weighed: { readonly delivery: Delivery; readonly weight: number } | undefined;

  /** @param concurrency maximum number of messages in work */
  constructor(
    private readonly limits: Limits,
    concurrency: number,
  ) {
    this.room = limits.bytesInWork / 2;
    this.light = this.room / concurrency / MAX_BYTES_PER_BYTE;
  }

  /** Reserves memory for a message. Returns the amount to give back, or undefined when the message must wait. */
  take(delivery: Delivery): number | undefined {
    const bytes = delivery.size?.(this.limits) ?? 0;
    if (bytes <= this.light) return 0;
    let weight = bytes * MAX_BYTES_PER_BYTE;
    // A precise weight needs a scan of the whole text.
    if (!this.fits(weight)) weight = this.weigh(delivery);
    if (!this.fits(weight)) return undefined;
    this.weighed = undefined;
    this.taken += weight;
    return weight;
  }

  /** Gives back what `take` returned. */
  give(weight: number): void {
    this.taken -= weight;
  }

  private fits(weight: number): boolean {
    return this.taken === 0 || this.taken + weight <= this.room;
  }

  private weigh(delivery: Delivery): number {
    if (this.weighed?.delivery !== delivery) this.weighed = { delivery, weight: this.weightOf(delivery) };
    return this.weighed.weight;
  }

  private weightOf(delivery: Delivery): number {
    try {
      const text = delivery.text(this.limits);
      return text.length * COPIES + Math.min(countValues(text), this.limits.values) * VALUE_BYTES;
    } catch {
      // Reading it will fail, and refuse it.
      return 0;
    }
  }
}

/** Counts commas and opening brackets, those in strings included: the message is a string within its envelope. */
function countValues(text: Buffer): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const byte = text[index];
    if (byte === 0x2c || byte === 0x7b || byte === 0x5b) count++;
  }
  return count;
}
