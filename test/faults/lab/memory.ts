import type { WorkerProcess } from './worker-process.js';

/** Samples of one process, in order of time. */
export interface MemorySample {
  /** Seconds. */
  readonly at: number;
  readonly bytes: number;
}

const MIB = 2 ** 20;

/** Maximum growth of the memory, as a factor of its value after the warm-up. */
const GROWTH = 1.2;

/** Seconds after which a process is warm, where it is watched for long: before, it still compiles what it runs. */
const WARM = 60;

/** Memory after the warm-up and at the end; undefined when it has not grown. */
export function growthOf(samples: readonly MemorySample[]): { before: number; after: number } | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return undefined;
  const { bytes: before } = samples.find(({ at }) => at >= first.at + WARM && at < last.at) ?? first;
  return last.bytes > before * GROWTH ? { before, after: last.bytes } : undefined;
}

export const inMib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Bytes a second, by least squares; 0 where there is too little to say. */
export function slopeOf(samples: readonly MemorySample[]): number {
  if (samples.length < 3) return 0;
  const mean = (of: (sample: MemorySample) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const at = mean((one) => one.at);
  const bytes = mean((one) => one.bytes);
  const variance = mean((one) => (one.at - at) ** 2);
  return variance === 0 ? 0 : mean((one) => (one.at - at) * (one.bytes - bytes)) / variance;
}

/** Memory of processes, from their beginning to the end. */
export class MemoryWatch {
  readonly #samples = new Map<string, MemorySample[]>();

  async sample(workers: readonly WorkerProcess[]): Promise<void> {
    for (const worker of workers) {
      const { memory } = await worker.measure();
      const samples = this.#samples.get(worker.name) ?? [];
      this.#samples.set(worker.name, samples);
      samples.push({ at: performance.now() / 1000, bytes: memory });
    }
  }

  /** Samples of the processes that have several. */
  of(workers: readonly WorkerProcess[]): Map<string, readonly MemorySample[]> {
    const names = new Set(workers.map(({ name }) => name));
    return new Map([...this.#samples].filter(([name, { length }]) => length > 1 && names.has(name)));
  }

  /** Returns what has grown. */
  problems(workers: readonly WorkerProcess[]): string[] {
    return [...this.of(workers)].flatMap(([name, samples]) => {
      const growth = growthOf(samples);
      return growth ? [`${name}: memory grew from ${inMib(growth.before)} to ${inMib(growth.after)}`] : [];
    });
  }
}
