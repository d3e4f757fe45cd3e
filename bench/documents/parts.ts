import type { Baselines } from '../baselines.js';
import { charts } from '../charts/charts.js';
import type { PartName } from '../parts.js';
import type { ResultsFile } from '../results.js';
import type { SweepsResult } from '../sweeps/part.js';
import { groupsTable, heaviestTable, limitLines, machinesTable, runtimesTable } from './performance.js';
import {
  callsTable,
  clusterTable,
  coresTable,
  goalsTable,
  machineLine,
  memoryTable,
  notificationsTable,
  pendingTable,
  processesTable,
  scaleTable,
} from './tables.js';

export interface DocumentPart {
  file: string;
  /** As the mark before it says. */
  by: string;
  lines: string[];
}

const README = 'README.md';
const SIZING = 'docs/sizing.md';
const PERFORMANCE = 'docs/performance.md';

/** The parts of the documents that the stored figures fill, of those that come from a full run. */
export function documentParts({ parts, stamps, goals }: ResultsFile, baselines: Baselines): DocumentPart[] {
  const found: DocumentPart[] = [];
  const add = <Name extends PartName>(
    name: Name,
    file: string,
    tables: Record<string, (result: NonNullable<ResultsFile['parts'][Name]>) => string[]>,
  ): void => {
    const result = parts[name];
    if (!result || stamps[name]?.mode !== 'full') return;
    for (const [table, lines] of Object.entries(tables))
      found.push({ file, by: `npm run bench: ${table}`, lines: lines(result) });
  };
  const stamp = stamps.calls;
  add('calls', README, {
    calls: (it) => [...callsTable(it), '', ...(stamp ? [machineLine(stamp.machine, stamp.date)] : [])],
  });
  add('notifications', README, { notifications: notificationsTable });
  add('sweeps', README, { charts: chartLines });
  add('sweeps', SIZING, { cores: coresTable, pending: pendingTable });
  add('scale', SIZING, { scale: scaleTable });
  add('processes', SIZING, { processes: processesTable });
  add('memory', SIZING, { memory: memoryTable });
  add('cluster', SIZING, { cluster: clusterTable });
  add('profile', PERFORMANCE, { profile: groupsTable, heaviest: heaviestTable });
  add('runtimes', PERFORMANCE, { runtimes: runtimesTable });
  add('calls', PERFORMANCE, {
    machines: () => machinesTable(baselines),
    limit: (it) => (stamp ? limitLines(it, stamp.machine.cores) : []),
  });
  if (Object.values(stamps).every(({ mode }) => mode === 'full') && goals.length > 0)
    found.push({ file: SIZING, by: 'npm run bench: goals', lines: goalsTable(goals) });
  return found;
}

/** Pictures by paths that hold in the repository. */
function chartLines(sweeps: SweepsResult): string[] {
  return charts(sweeps).flatMap(({ name, title }, index) => [
    ...(index > 0 ? [''] : []),
    `![${title}](docs/charts/${name}.svg)`,
  ]);
}
