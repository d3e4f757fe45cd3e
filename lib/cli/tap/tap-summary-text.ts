import type { TapCounts, TapDurations, TapSummary } from '../../inspect/index.js';
import { durationText } from '../terminal/figures.js';
import { textTable } from '../terminal/text-table.js';

/** Maximum number of methods in the text. JSON has all. */
const MAX_METHODS = 20;
const HEADER = ['METHOD', 'CALLS', 'CASTS', 'ERRORS', 'TIMEOUTS', 'P50', 'P90', 'P99', 'MAX'];

/** Counts of the summary with their descriptions. Those that are 0 are left out. */
const NOTES: readonly (readonly [keyof TapCounts, string])[] = [
  ['errors', 'failures'],
  ['timeouts', 'timeouts'],
  ['undeliverable', 'undeliverable, no queue took them'],
  ['unknown', 'calls without a known end'],
  ['filtered', 'not matched by the filter'],
  ['notShown', 'counted and not shown (slow output, published again, or the same damage as before)'],
  ['pending', 'calls that wait for their reply'],
  ['undecodableRequests', 'requests that are no message of oslo.messaging'],
  ['undecodableReplies', 'replies that are no message of oslo.messaging'],
  ['heartbeats', 'heartbeats'],
  ['lateReplies', 'replies after the end of their call'],
  ['undeliverableReplies', 'replies whose caller had gone'],
  ['otherReplies', 'replies to other requests (of other topics, or sent before)'],
  ['interruptions', 'interruptions (requests sent meanwhile are in no count)'],
];

/** Returns the summary for people. */
export function summaryText({ elapsedMs, counts, durations, methods }: TapSummary): string {
  const { calls, casts, lostRequests, lostReplies, lostIsExact } = counts;
  const lines = [
    `${calls} calls and ${casts} casts in ${durationText(elapsedMs)}${durations ? `: ${percentiles(durations)}` : ''}`,
  ];
  for (const [name, text] of NOTES) if (counts[name]) lines.push(`  ${text}: ${counts[name]}`);
  if (lostRequests + lostReplies > 0 || !lostIsExact) {
    const least = lostIsExact ? '' : 'at least ';
    lines.push(
      `  ${least}${lostRequests} requests and ${least}${lostReplies} replies lost at the broker: the tap was too slow`,
    );
  }
  const rows = methods.slice(0, MAX_METHODS).map(({ method, calls, casts, errors, timeouts, durations }) => {
    const { p50, p90, p99, max } = durations ?? {};
    const times = [p50, p90, p99, max].map((time) => (time === undefined ? '' : durationText(time)));
    return [method, ...[calls, casts, errors, timeouts].map(String), ...times];
  });
  return `${lines.join('\n')}\n${rows.length > 0 ? textTable([HEADER, ...rows]) : ''}`;
}

function percentiles({ p50, p90, p99, max }: TapDurations): string {
  const [half, most, nearly, longest] = [p50, p90, p99, max].map(durationText);
  return `p50 ${half}, p90 ${most}, p99 ${nearly}, longest ${longest}`;
}
