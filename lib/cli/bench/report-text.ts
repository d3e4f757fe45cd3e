import { oneLine } from '../../internal.js';
import { countText, durationText } from '../terminal/figures.js';
import { textTable } from '../terminal/text-table.js';
import { bar, columns } from './bar-chart.js';
import type { BenchReport } from './bench-report.js';
import type { LatencyFigures } from './latency-histogram.js';
import { profileText } from './profile-report.js';

/** Columns of the longest bar. */
const BAR_WIDTH = 40;
/** Share of a core from which on this process may be the bottleneck. */
const BUSY = 0.9;

const PLURALS = { call: 'calls', cast: 'casts', notify: 'notifications' } as const;

/** Returns the result for people. @param throughput successful messages a second, in order of time */
export function reportText(report: BenchReport, throughput: readonly number[]): string {
  const sections = [
    heading(report),
    [...requestLines(report), ...errorLines(report)].join(''),
    latencyText(report),
    distributionText(report),
    throughputText(throughput),
    report.profile ? profileText(report.profile) : '',
    textTable(
      report.checks.map(({ check, value, passed }) => [passed ? 'passed' : 'FAILED', check, valueText(check, value)]),
      (cell, column) => (column === 0 ? (cell === 'passed' ? 'green' : 'red') : undefined),
    ),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function heading(report: BenchReport): string {
  const { mode, method, size, concurrency, clients, rate } = report;
  const pace =
    rate === null
      ? `${concurrency} in flight`
      : `${countText(rate)} per second, at most ${countText(concurrency)} in flight`;
  const over = clients === 1 ? '' : ` over ${clients} clients`;
  const bytes = size === null ? '' : `, ${countText(size)} bytes each`;
  return `${oneLine(`${PLURALS[mode]} of ${method} to ${destination(report)}: ${pace}${over}${bytes}`, 1000)}\n`;
}

function destination({ topic, exchange, server, ownServer }: BenchReport): string {
  if (ownServer) return 'a demonstration server of its own';
  return `topic ${topic}, exchange ${exchange}${server === null ? '' : `, server ${server}`}`;
}

function requestLines(report: BenchReport): string[] {
  const { mode, requests, seconds, throughput, warmup, handled, waiting, interrupted, clientCpu } = report;
  const { sent, succeeded, failed, cancelled, notSent } = requests;
  const total = sent + warmup.sent;
  return [
    ...(interrupted ? ['Interrupted: measured so far\n'] : []),
    `${countText(succeeded)} ${mode === 'call' ? 'answered' : 'confirmed'} in ${durationText(seconds * 1000)}: ${rateText(throughput)}\n`,
    `${countText(sent)} sent, ${countText(failed)} failed${cancelled > 0 ? `, ${countText(cancelled)} cancelled` : ''}${warmup.sent > 0 ? `; ${countText(warmup.sent)} before, to warm up` : ''}\n`,
    ...(handled === null ? [] : [`${countText(handled)} of ${countText(total)} handled by the servers\n`]),
    ...(waiting
      ? [`${countText(waiting)} still wait in the queue: its consumers are slower than the load, or there are none\n`]
      : []),
    ...(notSent > 0
      ? [
          `${countText(notSent)} not sent: the servers do not keep up with the rate, and latencies would be longer still\n`,
        ]
      : []),
    ...(clientCpu > BUSY
      ? [`This command used ${Math.round(clientCpu * 100)} % of a core: it may be slower than the servers\n`]
      : []),
  ];
}

function errorLines({ errors }: BenchReport): string[] {
  return errors.map(
    ({ name, count: number, example }) => `  ${countText(number)} × ${oneLine(`${name}: ${example}`, 200)}\n`,
  );
}

function latencyText({ latency, latencyFromSending, measured }: BenchReport): string {
  if (latency === null) return '';
  const names = Object.keys(latency) as (keyof LatencyFigures)[];
  const row = (title: string, figures: LatencyFigures) => [title, ...names.map((name) => durationText(figures[name]))];
  const from = measured.from === 'due' ? '' : 'from sending ';
  const to = measured.to === 'result' ? 'to the result' : "to the broker's confirmation";
  const rows = latencyFromSending
    ? [row('from when it was due', latency), row('from sending', latencyFromSending)]
    : [row('', latency)];
  return `Latency ${from}${to}\n${indented(textTable([['', ...names], ...rows]))}`;
}

function distributionText({ distribution }: BenchReport): string {
  const highest = Math.max(...distribution.map((bucket) => bucket.count), 1);
  const all = distribution.reduce((sum, bucket) => sum + bucket.count, 0);
  const width = Math.max(...distribution.map((bucket) => durationText(bucket.to).length), 0);
  return distribution
    .map(({ to, count: number }) => {
      const share = number === 0 ? '' : `${countText(number)}  ${percent(number / all)}`;
      return `  < ${durationText(to).padStart(width)}  ${bar(number / highest, BAR_WIDTH).padEnd(BAR_WIDTH)}  ${share}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

function throughputText(throughput: readonly number[]): string {
  if (throughput.length < 2) return '';
  const [lowest, highest] = [Math.min(...throughput), Math.max(...throughput)];
  return `Per second, ${countText(Math.round(lowest))} to ${countText(Math.round(highest))}\n  ${columns(throughput)}\n`;
}

function valueText(check: string, value: number | null): string {
  if (value === null) return 'not measured';
  if (/^errors.*%$/.test(check)) return percent(value);
  return /^(errors|unsent|rate)/.test(check) ? countText(Math.round(value)) : durationText(value);
}

const indented = (text: string): string => text.replace(/^/gm, '  ').trimEnd().concat('\n');

/** Returns the text for messages a second. */
export function rateText(value: number): string {
  return `${countText(value)} per second`;
}

const percent = (value: number): string => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
