/** Number of places of an empty sequence: a power of two, like every capacity. */
const FEWEST_PLACES = 16;

/**
 * Values that are numbered from 1 in the order in which they are added, and mostly removed in about that order.
 *
 * A `Map` or `Set` does the same, but is expensive where many values come and go. V8 replaces its table after some
 * removals and links the old one to the new one. Once one of the old tables has grown old, the chain keeps each later
 * table with all that it held, and everything is copied again and again until the next full garbage collection.
 */
export class Sequence<T extends NonNullable<unknown>> {
  private places: (T | undefined)[] = new Array(FEWEST_PLACES).fill(undefined);
  /** Number of the oldest value, or of the next one when there is none. */
  private first = 1;
  private upcoming = 1;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Number that the next value will have. */
  get next(): number {
    return this.upcoming;
  }

  /** Adds a value. Returns its number. */
  add(value: T): number {
    const number = this.upcoming;
    if (number - this.first === this.places.length) this.grow();
    this.places[number & (this.places.length - 1)] = value;
    this.upcoming++;
    this.count++;
    return number;
  }

  /** Returns the value with a number; undefined when it was removed. */
  get(number: number): T | undefined {
    return number >= this.first && number < this.upcoming ? this.places[number & (this.places.length - 1)] : undefined;
  }

  /** Removes a value. Returns it; undefined when it was removed before. */
  remove(number: number): T | undefined {
    const value = this.get(number);
    if (value === undefined) return undefined;
    const last = this.places.length - 1;
    this.places[number & last] = undefined;
    this.count--;
    while (this.first < this.upcoming && this.places[this.first & last] === undefined) this.first++;
    return value;
  }

  clear(): void {
    this.places = new Array(FEWEST_PLACES).fill(undefined);
    this.first = this.upcoming;
    this.count = 0;
  }

  /** The values with their numbers, the oldest first. Values may be removed meanwhile. */
  *[Symbol.iterator](): Generator<[number, T]> {
    for (let number = this.first; number < this.upcoming; number++) {
      const value = this.get(number);
      if (value !== undefined) yield [number, value];
    }
  }

  private grow(): void {
    const places: (T | undefined)[] = new Array(2 * this.places.length).fill(undefined);
    for (const [number, value] of this) places[number & (places.length - 1)] = value;
    this.places = places;
  }
}
