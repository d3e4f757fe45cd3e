import { textTable } from '../../support/text-table.js';
import type { FaultRow } from './fault-log.js';

/** One line for each fault and service. */
export function faultTable(rows: readonly FaultRow[]): string {
  const heading = ['fault', 'service', 'runs', 'gap (s)', 'calls', 'failed', 'casts', 'failed'];
  return textTable([
    [...heading, 'run twice', 'run late', 'confirmed, not run'],
    ...rows.map((row) => [
      row.fault,
      row.service,
      String(row.runs),
      (row.gap / 1000).toFixed(1),
      ...[row.calls, row.failedCalls, row.casts, row.failedCasts, row.repeated, row.late, row.lost].map(String),
    ]),
  ]);
}
