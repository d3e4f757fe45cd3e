import type { Comparison } from './comparison.js';
import type { Flood } from './flood.js';
import type { GoalResult } from './goals.js';
import type { Plan } from './plan.js';
import type { Spread } from './statistics.js';
import type { FigureName } from './summary.js';
import { textTable } from './text-table.js';

interface Row {
  figure: FigureName;
  label: string;
  digits: number;
}

function rows(plan: Plan): Row[] {
  return [
    { figure: 'p50Ms', label: 'sequential p50, ms', digits: 2 },
    { figure: 'p99Ms', label: 'sequential p99, ms', digits: 2 },
    { figure: 'callsPerSecond', label: `calls/s, ${plan.inFlight} in flight`, digits: 0 },
    { figure: 'clientCpuMicrosPerCall', label: 'client CPU, µs a call', digits: 0 },
    { figure: 'serverCpuMicrosPerCall', label: 'server CPU, µs a call', digits: 0 },
  ];
}

export function reportText(comparison: Comparison): string {
  const { plan, summaries, floods, goals } = comparison;
  const parts = [`Medians of ${plan.rounds} rounds (lowest to highest)`, figuresTable(comparison)];
  if (summaries.has('oslo') && summaries.size > 1)
    parts.push('Ratios of each round, median (lowest to highest)', ratiosTable(comparison));
  if (floods.length > 0) parts.push(floods.map(floodLine).join('\n'));
  if (goals.length > 0) parts.push(goalsText(goals));
  return parts.join('\n\n');
}

function figuresTable({ plan, summaries }: Comparison): string {
  const body = rows(plan).map(({ figure, label, digits }) => [
    label,
    ...[...summaries.values()].map((summary) => spreadText(summary[figure], digits)),
  ]);
  return textTable([['', ...summaries.keys()], ...body]);
}

function ratiosTable({ plan, ratios }: Comparison): string {
  const body = rows(plan).map(({ figure, label }) => [
    label.replace(/, (ms|µs a call)$/, ''),
    ratios.floor ? spreadText(ratios.floor[figure], 2) : '-',
    ratios['nest-rmq'] ? spreadText(ratios['nest-rmq'][figure], 2) : '-',
  ]);
  return textTable([['', 'oslo / floor', 'oslo / nest-rmq'], ...body]);
}

function floodLine({ sent, answered, errors, firstError, seconds }: Flood): string {
  const cause = firstError === null ? '' : `, the first: ${firstError}`;
  return `Flood of ${sent}: ${answered} answered, ${errors} errors${cause}, ${seconds.toFixed(2)} s`;
}

export function goalsText(goals: readonly GoalResult[]): string {
  return `Goals\n\n${textTable(goals.map(goalCells))}`;
}

function goalCells({ goal, value, met }: GoalResult): string[] {
  return [goal, Number.isInteger(value) ? String(value) : value.toFixed(2), met ? 'met' : 'not met'];
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}
