import { type Frame, totalOf } from './frames.js';
import { GROUP_NAMES, type Group } from './groups.js';

export interface HeavyFunction {
  name: string;
  at: string;
  group: Group;
  /** In it alone, of a call. */
  micros: number;
}

export interface ProfileSummary {
  /** µs of a call. */
  groups: Record<Group, number>;
  heaviest: HeavyFunction[];
}

const HEAVIEST = 15;

/** Shares the CPU of a call out among those in whom it was spent. */
export function summarize(frames: readonly Frame[], cpuMicros: number): ProfileSummary {
  const groups = Object.fromEntries(GROUP_NAMES.map((name) => [name, 0])) as Record<Group, number>;
  const functions = new Map<string, HeavyFunction>();
  const scale = cpuMicros / frames.reduce((sum, frame) => sum + totalOf(frame), 0);
  const visit = ({ name, at, group, selfMicros, children }: Frame): void => {
    const micros = selfMicros * scale;
    groups[group] += micros;
    const key = `${name} ${at}`;
    const known = functions.get(key);
    if (known) known.micros += micros;
    else functions.set(key, { name, at, group, micros });
    children.forEach(visit);
  };
  frames.forEach(visit);
  const heaviest = [...functions.values()]
    // Neither is a function.
    .filter(({ group }) => group !== 'loop' && group !== 'gc')
    .toSorted((a, b) => b.micros - a.micros);
  return { groups, heaviest: heaviest.slice(0, HEAVIEST) };
}
