import type { Profiler } from 'node:inspector';
import type { CpuProfile } from './cpu-profiler.js';
import { GROUPS, type Group, groupOf } from './groups.js';
import { pathOf, sourceOf } from './source.js';

/** A function in one place of the stack, with what it called. */
export interface Frame {
  name: string;
  /** `path:line`; empty for what is native. */
  at: string;
  group: Group;
  /** In it alone. */
  selfMicros: number;
  children: Frame[];
}

export const ANONYMOUS = '(anonymous)';

/** What V8 calls the time in which no JavaScript runs. */
const IDLE = '(idle)';

/**
 * The stacks in which V8 found the process, waiting left out. V8 takes for waiting what the event loop does in native
 * code: to read from sockets, above all. The event loop knows how long it did wait; the difference is a frame of its own.
 */
export function framesOf({ profile, activeMicros }: CpuProfile): Frame[] {
  const times = timesOf(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const frameOf = ({ id, callFrame, children }: Profiler.ProfileNode): Frame => {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    return {
      name: functionName || ANONYMOUS,
      at: sourceOf(url, lineNumber, columnNumber),
      group: groupOf(functionName, pathOf(url)),
      selfMicros: times.get(id) ?? 0,
      children: (children ?? []).flatMap((child) => nodes.get(child) ?? []).map(frameOf),
    };
  };
  const [root] = profile.nodes;
  const found = root ? frameOf(root).children.filter(({ name }) => name !== IDLE) : [];
  const seen = found.reduce((sum, frame) => sum + totalOf(frame), 0);
  const loop = Math.max(0, activeMicros - seen);
  return [...found, { name: GROUPS.loop, at: '', group: 'loop', selfMicros: loop, children: [] }];
}

export function totalOf({ selfMicros, children }: Frame): number {
  return children.reduce((sum, child) => sum + totalOf(child), selfMicros);
}

/** From each sample to the next. */
function timesOf({ samples = [], timeDeltas = [] }: Profiler.Profile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [index, node] of samples.entries())
    times.set(node, (times.get(node) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0));
  return times;
}
