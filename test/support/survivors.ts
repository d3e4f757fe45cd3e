import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from './collect-garbage.js';

/** Values that are held at a time, on average. */
export const HELD = 100;
/** Values that come and go. */
const TOTAL = 20_000;
/** Values after which each has gone. */
const LONGEST = 4096;

/** Holder of values that are numbered from 1. */
interface Keeping {
  add(value: object, number: number): void;
  remove(number: number): void;
}

/**
 * Returns the bytes of values that came and went, but stay in memory until the next full garbage collection.
 * @param stay number of the values that come between a value and its removal, by a random number below 1
 */
export function survivingBytes({ add, remove }: Keeping, stay: (random: number) => number = () => HELD): number {
  const leaving: number[][] = Array.from({ length: LONGEST }, () => []);
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  const turn = (from: number, to: number) => {
    for (let number = from; number < to; number++) {
      add(new Array(128).fill(number), number);
      const after = Math.min(LONGEST - 1, Math.ceil(stay(random())));
      leaving[(number + after) % LONGEST]?.push(number);
      const gone = leaving[number % LONGEST] ?? [];
      for (const one of gone.splice(0)) remove(one);
      // Twice, so that what is held grows old.
      if (number % 5000 === 0) for (let times = 0; times < 2; times++) collectGarbage({ type: 'minor' });
    }
  };
  // Compiles, and makes the first tables old.
  turn(1, TOTAL / 2);
  collectGarbage();
  const before = getHeapStatistics().used_heap_size;
  turn(TOTAL / 2, (TOTAL * 3) / 2);
  collectGarbage({ type: 'minor' });
  return getHeapStatistics().used_heap_size - before;
}

/** Returns the same of a `Map`, which is to be exceeded by far. */
export function survivingBytesOfMap(stay?: (random: number) => number): number {
  const map = new Map<number, object>();
  return survivingBytes(
    { add: (value, number) => map.set(number, value), remove: (number) => map.delete(number) },
    stay,
  );
}
