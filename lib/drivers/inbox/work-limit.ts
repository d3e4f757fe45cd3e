import type { Limits } from '../../core/limits.js';
import type { Delivery } from './delivery.js';

/** Bytes that one byte of JSON becomes at the most, with its text: `{},` is an object of 64 bytes. */
const MOST_OF_BYTE = 24;
/** The body, its text, and the text in its envelope. */
const COPIES = 3;
/** Bytes of a value that is as small as can be, in an array. */
const VALUE = 64;

/**
 * Bounds what the messages in work take together. Most are so light that as many as there are slots fit into one half
 * of it: they are not counted. The others share the other half.
 */
export class WorkLimit {
  private readonly light: number;
  private readonly room: number;
  private taken = 0;
  /** Message that was weighed last: one that there is no room for is asked for again and again. */
  private weighed: { readonly delivery: Delivery; readonly weight: number } | undefined;

  /** @param concurrency messages that may be in work */
  constructor(
    private readonly limits: Limits,
    concurrency: number,
  ) {
    this.room = limits.bytesInWork / 2;
    this.light = this.room / concurrency / MOST_OF_BYTE;
  }

  /** Takes room for a message. @returns what is to be given back; undefined where there is no room now */
  take(delivery: Delivery): number | undefined {
    const bytes = delivery.size?.(this.limits) ?? 0;
    if (bytes <= this.light) return 0;
    let weight = bytes * MOST_OF_BYTE;
    // It takes a look at all of it to know better.
    if (!this.fits(weight)) weight = this.weigh(delivery);
    if (!this.fits(weight)) return undefined;
    this.weighed = undefined;
    this.taken += weight;
    return weight;
  }

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
      return text.length * COPIES + Math.min(countValues(text), this.limits.values) * VALUE;
    } catch {
      // It will be refused.
      return 0;
    }
  }
}

/** Commas and opening brackets, in strings, too: the message is a string within its envelope. */
function countValues(text: Buffer): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const byte = text[index];
    if (byte === 0x2c || byte === 0x7b || byte === 0x5b) count++;
  }
  return count;
}
