import type { ReplayProgress } from '../../inspect/index.js';

/** Returns to the start of the line and clears it, as terminals do. */
const CLEAR = '\r\u001b[K';

/** Minimum time between two updates, in milliseconds. */
const INTERVAL_MS = 100;

/** Progress in one line of a terminal. Writes nothing where standard error is no terminal. */
export class ProgressDisplay {
  private shownAt = Number.NEGATIVE_INFINITY;

  /** @param verb such as `Replayed` */
  constructor(
    private readonly verb: string,
    private readonly stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> & {
      readonly columns?: number;
    } = process.stderr,
  ) {}

  readonly show = ({ queue, read, total, done, failed }: ReplayProgress): void => {
    const now = performance.now();
    if (!this.stream.isTTY || now - this.shownAt < INTERVAL_MS) return;
    this.shownAt = now;
    const failures = failed > 0 ? `, ${failed} failed` : '';
    const text = `${this.verb} ${done}${failures}; read ${read} of ${total} in ${queue}`;
    this.stream.write(CLEAR + text.slice(0, (this.stream.columns || 80) - 1));
  };

  /** Removes the line. */
  clear(): void {
    if (this.shownAt > 0) this.stream.write(CLEAR);
  }
}
