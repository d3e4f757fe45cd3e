import type { Spread } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { NotificationComparison, NotificationFigureName } from './comparison.js';
import type { Soaked } from './soak.js';

const ROWS: readonly { figure: NotificationFigureName; label: string; digits: number }[] = [
  { figure: 'publishedPerSecond', label: 'published and confirmed/s', digits: 0 },
  { figure: 'consumedPerSecond', label: 'consumed and acknowledged/s', digits: 0 },
  { figure: 'publisherCpuMicros', label: 'publisher CPU, µs each', digits: 0 },
  { figure: 'listenerCpuMicros', label: 'listener CPU, µs each', digits: 0 },
];

export function notificationsText({ rounds, summaries, osloToFloor, soak }: NotificationComparison): string {
  const header = ['', ...summaries.keys(), ...(osloToFloor ? ['oslo / floor'] : [])];
  const body = ROWS.map(({ figure, label, digits }) => [
    label,
    ...[...summaries.values()].map((summary) => spreadText(summary[figure], digits)),
    ...(osloToFloor ? [spreadText(osloToFloor[figure], 2)] : []),
  ]);
  const parts = [`Notifications: medians of ${rounds} rounds (lowest to highest)`, textTable([header, ...body])];
  if (soak) parts.push(soakLine(soak));
  return parts.join('\n\n');
}

function soakLine({ notifications, batches, seconds, memory }: Soaked): string {
  const heaps = memory.map(({ heapBytes }) => (heapBytes / 2 ** 20).toFixed(1)).join(', ');
  return `${notifications} notifications in ${batches} batches, ${seconds.toFixed(1)} s; heap on the way: ${heaps} MiB`;
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
