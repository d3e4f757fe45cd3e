import { fixed, spreadText } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { ClusterFigures, ClusterResult } from './part.js';

export function clusterText({ nodes, transient, quorum, cluster, clusterToQuorum }: ClusterResult): string {
  const row = (label: string, { p50Ms, callsPerSecond, brokerCpuMicros }: ClusterFigures) => [
    label,
    spreadText(p50Ms, 2),
    spreadText(callsPerSecond, 0),
    spreadText(brokerCpuMicros, 0),
  ];
  const table = textTable([
    ['broker', 'p50, ms', 'calls/s', 'broker CPU, µs a call'],
    row('one node', transient),
    row('one node, quorum queues', quorum),
    row(`${nodes} nodes, quorum queues`, cluster),
  ]);
  return `${table}\n\n  calls/s of ${nodes} nodes ÷ one, both with quorum queues: ${fixed(clusterToQuorum, 2)}`;
}
