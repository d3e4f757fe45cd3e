import type { ReplayProgress } from '../../inspect/index.js';
import { ProgressLine, type ProgressStream } from '../terminal/progress-line.js';

/** Line while queues are read. */
export const READING = 'Reading dead letters …';

/** Minimum time between two updates, in milliseconds. */
const INTERVAL_MS = 100;

/** Progress of a replay or a purge on a terminal. */
export class LetterProgress {
  private readonly line: ProgressLine;
  private shownAt = Number.NEGATIVE_INFINITY;

  /** @param verb such as `Replayed` */
  constructor(
    private readonly verb: string,
    stream: ProgressStream,
  ) {
    this.line = new ProgressLine(stream);
  }

  readonly show = ({ queue, read, total, done, failed }: ReplayProgress): void => {
    const now = performance.now();
    if (now - this.shownAt < INTERVAL_MS) return;
    this.shownAt = now;
    const failures = failed > 0 ? `, ${failed} failed` : '';
    this.line.show(`${this.verb} ${done}${failures}; read ${read} of ${total} in ${queue}`);
  };

  /** Removes the line. */
  clear(): void {
    this.line.clear();
  }
}
