import { fixed, spreadText } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { MemoryFigures, MemoryResult, MemorySubject } from './part.js';

export const MEMORY_TITLES: Record<MemorySubject, string> = {
  memory: 'memory://',
  'nest-tcp': "Nest's TCP, one process",
  'nest-tcp-apart': "Nest's TCP, two processes",
  rabbit: 'this library on RabbitMQ',
};

export const MEMORY_ROWS: readonly { figure: keyof MemoryFigures; label: string; digits: number }[] = [
  { figure: 'p50Ms', label: 'one at a time, p50, ms', digits: 3 },
  { figure: 'p99Ms', label: 'one at a time, p99, ms', digits: 3 },
  { figure: 'callsPerSecond', label: 'calls/s, 100 in flight', digits: 0 },
  { figure: 'loadedP99Ms', label: 'p99, 100 in flight, ms', digits: 2 },
  { figure: 'cpuMicros', label: 'CPU of both, µs a call', digits: 1 },
];

export function memoryText({ rounds, subjects, toTcp, callsToRabbit }: MemoryResult): string {
  const names = Object.keys(subjects) as MemorySubject[];
  const body = MEMORY_ROWS.map(({ figure, label, digits }) => [
    label,
    ...names.map((name) => spreadText(subjects[name][figure], digits)),
    fixed(toTcp[figure], 2),
  ]);
  const table = textTable([['', ...names.map((name) => MEMORY_TITLES[name]), 'memory ÷ TCP at its best'], ...body]);
  const heading = `The embedded transport: medians of ${rounds} rounds (lowest to highest)`;
  return `${heading}\n\n${table}\n\n  calls/s ÷ those on RabbitMQ: ${fixed(callsToRabbit, 1)}`;
}
