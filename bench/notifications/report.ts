import { spreadText } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { NotificationFigureName, NotificationsResult } from './part.js';
import { NOTIFICATION_PEERS } from './peer.js';
import type { Soaked } from './soak.js';

const ROWS: readonly { figure: NotificationFigureName; label: string; digits: number }[] = [
  { figure: 'publishedPerSecond', label: 'published and confirmed/s', digits: 0 },
  { figure: 'consumedPerSecond', label: 'consumed and acknowledged/s', digits: 0 },
  { figure: 'publisherCpuMicros', label: 'publisher CPU, µs each', digits: 0 },
  { figure: 'listenerCpuMicros', label: 'listener CPU, µs each', digits: 0 },
];

export function notificationsText({ rounds, peers, ratio, soak }: NotificationsResult): string {
  const columns = NOTIFICATION_PEERS.flatMap((name) => {
    const peer = peers[name];
    return peer ? [{ name, summary: peer.summary }] : [];
  });
  const header = ['', ...columns.map(({ name }) => name), ...(ratio ? ['oslo ÷ floor'] : [])];
  const body = ROWS.map(({ figure, label, digits }) => [
    label,
    ...columns.map(({ summary }) => spreadText(summary[figure], digits)),
    ...(ratio ? [spreadText(ratio[figure], 2)] : []),
  ]);
  const parts = [`Notifications: medians of ${rounds} rounds (lowest to highest)`, textTable([header, ...body])];
  if (soak) parts.push(soakLine(soak));
  return parts.join('\n\n');
}

function soakLine({ notifications, batches, seconds, memory }: Soaked): string {
  const heaps = memory.map(({ heapBytes }) => (heapBytes / 2 ** 20).toFixed(1)).join(', ');
  return `${notifications} notifications in ${batches} batches, ${seconds.toFixed(1)} s; heap on the way: ${heaps} MiB`;
}
