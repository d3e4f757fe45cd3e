import { countText, durationText } from '../terminal/figures.js';
import { ProgressLine, type ProgressStream } from '../terminal/progress-line.js';
import type { Measurement, SecondFigures } from './measurement.js';

/** Line about a running load on a terminal. */
export class LoadProgress {
  readonly #line: ProgressLine;
  #elapsed = 0;

  constructor(
    private readonly stream: ProgressStream,
    /** Time of the load in milliseconds, or undefined where a number of messages ends it. */
    private readonly durationMs: number | undefined,
    private readonly wanted: number | undefined,
  ) {
    this.#line = new ProgressLine(stream);
  }

  /** Returns the line about the load before the measurement. */
  ofWarmup(durationMs: number): LoadProgress {
    return new LoadProgress(this.stream, durationMs, undefined);
  }

  show(text: string): void {
    this.#line.show(text);
  }

  second({ seconds, succeeded, latency }: SecondFigures, { counts, inFlight }: Measurement): void {
    this.#elapsed += seconds;
    const total = this.durationMs === undefined ? '' : ` of ${durationText(this.durationMs)}`;
    const sent = this.wanted === undefined ? '' : `  ${countText(counts.sent)} of ${countText(this.wanted)} sent`;
    const p99 = latency ? `  p50 ${durationText(latency.p50)}  p99 ${durationText(latency.p99)}` : '';
    const rate = countText(Math.round(succeeded / seconds));
    this.show(
      `${Math.round(this.#elapsed)} s${total}${sent}  ${rate}/s${p99}  ${countText(counts.failed)} failed  ${countText(inFlight)} in flight`,
    );
  }

  clear(): void {
    this.#line.clear();
  }
}
