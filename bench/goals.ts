import type { Flood } from './flood.js';
import type { FigureName, Summary } from './summary.js';

export interface GoalResult {
  goal: string;
  value: number;
  met: boolean;
}

/** The library against the two others, where they were part of the run. */
export interface OsloRatios {
  floor: Summary | undefined;
  'nest-rmq': Summary | undefined;
}

interface RatioGoal {
  goal: string;
  to: keyof OsloRatios;
  figure: FigureName;
  met(ratio: number): boolean;
}

const RATIO_GOALS: readonly RatioGoal[] = [
  { goal: 'calls/s at least 0.8 of floor', to: 'floor', figure: 'callsPerSecond', met: (ratio) => ratio >= 0.8 },
  { goal: 'calls/s at least 1.3 of nest-rmq', to: 'nest-rmq', figure: 'callsPerSecond', met: (ratio) => ratio >= 1.3 },
  { goal: 'p50 at most 1.25 of floor', to: 'floor', figure: 'p50Ms', met: (ratio) => ratio <= 1.25 },
];

export function judge(ratios: OsloRatios, floods: readonly Flood[]): GoalResult[] {
  const results: GoalResult[] = [];
  for (const { goal, to, figure, met } of RATIO_GOALS) {
    const value = ratios[to]?.[figure].median;
    if (value !== undefined) results.push({ goal, value, met: met(value) });
  }
  if (floods.length > 0) {
    const lost = floods.reduce((sum, { sent, answered }) => sum + sent - answered, 0);
    results.push({ goal: 'no call of a flood without its answer', value: lost, met: lost === 0 });
  }
  return results;
}
