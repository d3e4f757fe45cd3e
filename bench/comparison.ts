import type { Flood } from './flood.js';
import { type GoalResult, judge, type OsloRatios } from './goals.js';
import type { PeerName } from './peer.js';
import type { Plan } from './plan.js';
import type { FiguresByPeer } from './rounds.js';
import { ratios, type Summary, summarize } from './summary.js';

/** What the rounds come to. */
export interface Comparison {
  plan: Plan;
  summaries: Map<PeerName, Summary>;
  ratios: OsloRatios;
  floods: readonly Flood[];
  goals: GoalResult[];
}

export function compare(plan: Plan, figures: FiguresByPeer, floods: readonly Flood[]): Comparison {
  const osloTo: OsloRatios = {
    floor: ratios(figures, 'oslo', 'floor'),
    'nest-rmq': ratios(figures, 'oslo', 'nest-rmq'),
  };
  return {
    plan,
    summaries: new Map([...figures].map(([peer, rounds]) => [peer, summarize(rounds)])),
    ratios: osloTo,
    floods,
    goals: judge(osloTo, floods),
  };
}
