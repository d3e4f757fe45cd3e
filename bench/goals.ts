import { SECTIONS } from './parts/goal.js';
import { PARTS, partGoals, type Results } from './parts/parts.js';

export interface GoalResult {
  goal: string;
  value: number;
  met: boolean;
}

/** Returns the goals of the measured figures. A figure that is no number meets none. */
export function judge(results: Results): GoalResult[] {
  const found = PARTS.map((name) => partGoals(name, results));
  return SECTIONS.flatMap((section) => found.flatMap((goals) => goals[section] ?? [])).flatMap(
    ([goal, way, limit, value]) => {
      if (value === undefined || value === null) return [];
      const met = way === 'at least' ? value >= limit : value <= limit;
      return [{ goal: `${goal}: ${way} ${limit}`, value, met }];
    },
  );
}
