import { closeSync, openSync, writeSync } from 'node:fs';
import { writeFailure } from '../write-file.js';
import type { LatencyFigures } from './latency-histogram.js';
import type { SecondFigures } from './measurement.js';

const FIGURES = ['min', 'mean', 'p50', 'p90', 'p95', 'p99', 'p99.9', 'max'] as const satisfies (keyof LatencyFigures)[];
const HEADER = ['time', 'second', 'sent', 'succeeded', 'failed', 'rate', ...FIGURES.map((name) => `${name}_ms`)];

/** CSV file of a load: a row for each second as it passes, and a last one, `total`. */
export class CsvFile {
  readonly #file: number;
  #elapsed = 0;

  /** @throws UsageError for a file that cannot be written */
  constructor(private readonly path: string) {
    try {
      this.#file = openSync(path, 'w');
    } catch (error) {
      throw writeFailure(path, error, '--csv');
    }
    this.#write(HEADER);
  }

  second(figures: SecondFigures): void {
    this.#elapsed += figures.seconds;
    this.#row(this.#elapsed.toFixed(1), figures);
  }

  /** Writes the last row, and closes the file. */
  total(figures: SecondFigures): void {
    this.#row('total', figures);
    this.close();
  }

  close(): void {
    closeSync(this.#file);
  }

  #row(second: string, { seconds, sent, succeeded, failed, latency }: SecondFigures): void {
    const rate = seconds > 0 ? (succeeded / seconds).toFixed(1) : '0';
    const latencies = FIGURES.map((name) => latency?.[name].toFixed(3) ?? '');
    this.#write([new Date().toISOString(), second, sent, succeeded, failed, rate, ...latencies]);
  }

  /** @throws UsageError where the disk is full, for example */
  #write(cells: readonly (string | number)[]): void {
    try {
      writeSync(this.#file, `${cells.join(',')}\n`);
    } catch (error) {
      throw writeFailure(this.path, error, '--csv');
    }
  }
}
