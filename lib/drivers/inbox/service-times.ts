import { LRUCache } from 'lru-cache';

/** Maximum number of methods that are remembered. Their names come from the wire. */
const MAX_METHODS = 1000;

/** Parts of the difference by which a shorter and a longer time change the estimate. */
const DOWN = 0.3;
const UP = 0.03;

/** Estimates the time that each method needs when it is fast: a method may be fast for some arguments only. */
export class ServiceTimes {
  private readonly times = new LRUCache<string, number>({ max: MAX_METHODS });

  /** Returns the estimate in milliseconds; 0 for a method that has not been measured. */
  of(method: string): number {
    return this.times.get(method) ?? 0;
  }

  /** Adds the time of one run, in milliseconds. */
  add(method: string, time: number): void {
    const known = this.times.get(method);
    const estimate = known === undefined ? time : known + (time - known) * (time < known ? DOWN : UP);
    this.times.set(method, estimate);
  }
}
