import type { Measurement, SecondFigures } from './measurement.js';
import { count, time } from './report-text.js';

/** Returns to the start of the line and clears it, as terminals do. */
const CLEAR = '\r\u001b[K';

type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'write'> & { readonly columns?: number };

/** Line about a running load on a terminal; nothing elsewhere. */
export class LoadProgress {
  #elapsed = 0;

  constructor(
    private readonly stream: Stream,
    /** Time of the load in milliseconds, or undefined where a number of messages ends it. */
    private readonly durationMs: number | undefined,
    private readonly wanted: number | undefined,
  ) {}

  show(text: string): void {
    if (this.stream.isTTY) this.stream.write(`${CLEAR}${text.slice(0, (this.stream.columns || 80) - 1)}`);
  }

  second({ seconds, succeeded, latency }: SecondFigures, { counts, inFlight }: Measurement): void {
    this.#elapsed += seconds;
    const total = this.durationMs === undefined ? '' : ` of ${time(this.durationMs)}`;
    const sent = this.wanted === undefined ? '' : `  ${count(counts.sent)} of ${count(this.wanted)} sent`;
    const p99 = latency ? `  p50 ${time(latency.p50)}  p99 ${time(latency.p99)}` : '';
    const rate = count(Math.round(succeeded / seconds));
    this.show(
      `${Math.round(this.#elapsed)} s${total}${sent}  ${rate}/s${p99}  ${count(counts.failed)} failed  ${count(inFlight)} in flight`,
    );
  }

  clear(): void {
    if (this.stream.isTTY) this.stream.write(CLEAR);
  }
}
