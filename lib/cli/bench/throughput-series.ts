import type { SecondFigures } from './measurement.js';

/** Maximum number of points: columns of a chart. Beyond it, neighbours are joined. */
const MAX_POINTS = 60;

/** Throughput over time, in bounded memory. */
export class ThroughputSeries {
  #points: { seconds: number; succeeded: number }[] = [];
  /** Number of seconds in each point. */
  #joined = 1;
  #open: { seconds: number; succeeded: number; parts: number } | undefined;

  add({ seconds, succeeded }: Pick<SecondFigures, 'seconds' | 'succeeded'>): void {
    const open = this.#open ?? { seconds: 0, succeeded: 0, parts: 0 };
    open.seconds += seconds;
    open.succeeded += succeeded;
    open.parts += 1;
    this.#open = open;
    if (open.parts < this.#joined) return;
    this.#points.push({ seconds: open.seconds, succeeded: open.succeeded });
    this.#open = undefined;
    if (this.#points.length > MAX_POINTS) this.#join();
  }

  /** Returns the successful messages a second, in order of time. */
  read(): number[] {
    return this.#points.map(({ seconds, succeeded }) => (seconds > 0 ? succeeded / seconds : 0));
  }

  #join(): void {
    this.#joined *= 2;
    const points = this.#points;
    this.#points = [];
    for (let index = 0; index < points.length; index += 2) {
      const [one, next] = [points[index], points[index + 1]];
      if (one && next)
        this.#points.push({ seconds: one.seconds + next.seconds, succeeded: one.succeeded + next.succeeded });
      else if (one) this.#open = { ...one, parts: this.#joined / 2 };
    }
  }
}
