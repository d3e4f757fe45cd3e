import { toError } from '../../internal.js';
import type { LoadShape } from './bench-plan.js';
import { CsvFile } from './csv-file.js';
import { applyLoad, type LoadEnd, type Send } from './load.js';
import type { LoadProgress } from './load-progress.js';
import { Measurement, type SecondFigures } from './measurement.js';
import { ThroughputSeries } from './throughput-series.js';

/** Shortest last part of a load that counts in the chart, in seconds. */
const MIN_LAST_SECONDS = 0.5;

/** Load with its figures. */
export interface MeasuredLoad extends LoadEnd {
  readonly measurement: Measurement;
  readonly throughput: readonly number[];
  /** CPU time of this process, as a share of one core. */
  readonly cpu: number;
  /** Error because of which the CSV file is incomplete. */
  readonly csvError: unknown;
}

/** Applies a load. Once a second, it writes a row of the CSV file and shows the progress. */
export async function measureLoad(
  shape: LoadShape,
  send: Send,
  signal: AbortSignal,
  progress: LoadProgress,
  csv: CsvFile | undefined,
): Promise<MeasuredLoad> {
  const measurement = new Measurement();
  const series = new ThroughputSeries();
  const cpu = process.cpuUsage();
  const since = performance.now();
  let csvError: unknown;
  const write = (row: (file: CsvFile) => void) => {
    if (csv === undefined || csvError !== undefined) return;
    try {
      row(csv);
    } catch (error) {
      csvError = toError(error);
    }
  };
  const tick = () => {
    const figures = measurement.takeSecond();
    series.add(figures);
    write((file) => file.second(figures));
    progress.second(figures, measurement);
  };
  const timer = setInterval(tick, 1000);
  try {
    const end = await applyLoad(shape, send, measurement, signal);
    const seconds = (performance.now() - since) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const last = measurement.takeSecond();
    if (last.seconds >= MIN_LAST_SECONDS) series.add(last);
    if (last.sent + last.succeeded + last.failed > 0) write((file) => file.second(last));
    write((file) => file.total(totalOf(measurement)));
    return { ...end, measurement, throughput: series.read(), cpu: (user + system) / 1e6 / seconds, csvError };
  } finally {
    clearInterval(timer);
  }
}

function totalOf({ counts, seconds, latency }: Measurement): SecondFigures {
  return { ...counts, seconds, latency: latency.figures() };
}
