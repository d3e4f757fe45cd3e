import { getHeapStatistics } from 'node:v8';
import { collectGarbage } from './collect-garbage.js';

/** Values that are held at a time, and that come and go in all. */
const HELD = 100;
const TOTAL = 20_000;

/** Size in bytes of all values that come and go. */
export const TOTAL_BYTES = TOTAL * 1024;

/** Returns the bytes that stay in memory, until the next full garbage collection, of values that came and went. */
export function survivingBytes(add: (value: object, index: number) => void, remove: (index: number) => void): number {
  const turn = (from: number, to: number) => {
    for (let index = from; index < to; index++) {
      add(new Array(128).fill(index), index);
      if (index >= HELD) remove(index - HELD);
      // Twice, so that what is held grows old.
      if (index % 5000 === 0) for (let times = 0; times < 2; times++) collectGarbage({ type: 'minor' });
    }
  };
  // Compiles, and makes the first tables old.
  turn(0, TOTAL / 2);
  collectGarbage();
  const before = getHeapStatistics().used_heap_size;
  turn(TOTAL / 2, (TOTAL * 3) / 2);
  collectGarbage({ type: 'minor' });
  return getHeapStatistics().used_heap_size - before;
}
