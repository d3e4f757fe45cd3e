import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A process's memory, garbage collected. */
export interface Memory {
  /** The heap and the buffers outside it; null where the language has no such figure. */
  heapBytes: number | null;
  rssBytes: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export function memoryNow(): Memory & { heapBytes: number } {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}
