import { TransientMap } from './transient-map.js';

/** Number of places of a new sequence: a power of two, like every number of places. */
const FEWEST_PLACES = 16;
/** Number of places that an empty sequence keeps. */
const KEPT_PLACES = 1024;
/** Places for each value at which a sequence makes no more of them. */
const SPARSE = 8;

/**
 * Values that are numbered from 1 in the order in which they are added, and mostly removed in about that order.
 *
 * A `Map` or `Set` does the same, but is expensive where many values come and go. V8 replaces its table after some
 * removals and links the old one to the new one. Once one of the old tables has grown old, the chain keeps each later
 * table with all that it held, and everything is copied to old memory, where it stays until the next full garbage
 * collection.
 */
export class Sequence<T extends NonNullable<unknown>> {
  private places: (T | undefined)[] = emptyPlaces();
  /** Number of the oldest value that has a place, or of the next one when there is none. */
  private first = 1;
  private upcoming = 1;
  /** Number of the values that have a place. */
  private count = 0;
  /** Values that stay for much longer than those after them. They would need places for all of these. */
  private readonly stragglers = new TransientMap<number, T>();

  get size(): number {
    return this.count + this.stragglers.size;
  }

  /** Number that the next value will have. */
  get next(): number {
    return this.upcoming;
  }

  /** Adds a value. Returns its number. */
  add(value: T): number {
    const number = this.upcoming;
    if (number - this.first === this.places.length) this.makeRoom();
    this.places[number & (this.places.length - 1)] = value;
    this.upcoming++;
    this.count++;
    return number;
  }

  /** Returns the value with a number; undefined when it was removed. */
  get(number: number): T | undefined {
    if (number < this.first) return this.stragglers.get(number);
    return number < this.upcoming ? this.places[number & (this.places.length - 1)] : undefined;
  }

  /** Removes a value. Returns it; undefined when it was removed before. */
  remove(number: number): T | undefined {
    const value = this.get(number);
    if (value === undefined) return undefined;
    if (number < this.first) this.stragglers.remove(number);
    else {
      this.places[number & (this.places.length - 1)] = undefined;
      this.count--;
      this.skipEmpty();
    }
    return value;
  }

  clear(): void {
    this.places = emptyPlaces();
    this.first = this.upcoming;
    this.count = 0;
    this.stragglers.clear();
  }

  /** The values with their numbers, the oldest first. Values may be removed meanwhile. */
  *[Symbol.iterator](): Generator<[number, T]> {
    yield* this.stragglers.entries();
    for (let number = this.first; number < this.upcoming; number++) {
      const value = this.get(number);
      if (value !== undefined) yield [number, value];
    }
  }

  private skipEmpty(): void {
    if (this.count === 0) {
      this.first = this.upcoming;
      if (this.places.length > KEPT_PLACES) this.places = emptyPlaces();
      return;
    }
    const last = this.places.length - 1;
    while (this.places[this.first & last] === undefined) this.first++;
  }

  /** Makes more places or, where nearly all are empty, frees those of the older half. */
  private makeRoom(): void {
    if (SPARSE * this.count > this.places.length) this.grow();
    else this.moveOlder();
  }

  private grow(): void {
    const { places } = this;
    this.places = emptyPlaces(2 * places.length);
    for (let number = this.first; number < this.upcoming; number++)
      this.places[number & (this.places.length - 1)] = places[number & (places.length - 1)];
  }

  private moveOlder(): void {
    const last = this.places.length - 1;
    const end = this.first + this.places.length / 2;
    for (; this.first < end; this.first++) {
      const value = this.places[this.first & last];
      if (value === undefined) continue;
      this.stragglers.set(this.first, value);
      this.places[this.first & last] = undefined;
      this.count--;
    }
    this.skipEmpty();
  }
}

function emptyPlaces(count = FEWEST_PLACES): undefined[] {
  return new Array(count).fill(undefined);
}
