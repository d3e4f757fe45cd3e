import { basename } from 'node:path';
import { ANONYMOUS, type Frame } from './frames.js';
import { GROUP_NAMES, type Group } from './groups.js';

/** Block of a flame graph. */
export interface Block {
  /** Number of callers above it. */
  depth: number;
  /** µs of a call, with the functions that it called. */
  micros: number;
  group: Group;
  name: string;
}

/** Function in all places of the stack. */
export type HeavyFunction = Omit<Frame, 'children'>;

const HEAVIEST = 15;
/** Part of a call below which a block is too small to read, and left out. */
const MIN_PART = 0.01;

/** Returns the µs of a call in each group, and the heaviest functions without the functions that they called. */
export function summarize(frames: readonly Frame[]) {
  const groups = Object.fromEntries(GROUP_NAMES.map((name) => [name, 0])) as Record<Group, number>;
  const functions = new Map<string, HeavyFunction>();
  for (const { name, at, group, micros } of frames) {
    groups[group] += micros;
    const key = `${name} ${at}`;
    functions.set(key, { name, at, group, micros: micros + (functions.get(key)?.micros ?? 0) });
  }
  const heaviest = [...functions.values()]
    // Neither is a function.
    .filter(({ group }) => group !== 'loop' && group !== 'gc')
    .toSorted((a, b) => b.micros - a.micros);
  return { groups, heaviest: heaviest.slice(0, HEAVIEST) };
}

/** Returns each function before the functions that it called, the heaviest first. */
export function blocksOf([root]: readonly Frame[]): Block[] {
  const least = root ? totalOf(root) * MIN_PART : 0;
  const blocksBelow = (frames: readonly Frame[], depth: number): Block[] => {
    const functions = new Map<string, { block: Block; called: Frame[] }>();
    for (const frame of frames) {
      const key = `${frame.name} ${frame.at}`;
      const { block, called } = functions.get(key) ?? { block: { depth, micros: 0, ...labelled(frame) }, called: [] };
      block.micros += totalOf(frame);
      called.push(...calledBy(frame));
      functions.set(key, { block, called });
    }
    return [...functions.values()]
      .filter(({ block }) => block.micros >= least)
      .toSorted((a, b) => b.block.micros - a.block.micros)
      .flatMap(({ block, called }) => [block, ...blocksBelow(called, depth + 1)]);
  };
  return root ? blocksBelow(root.children, 0) : [];
}

/** Returns the µs of a frame with the functions that it called. */
function totalOf({ micros, children }: Frame): number {
  return children.reduce((total, child) => total + totalOf(child), micros);
}

/** Returns the functions below a frame. Functions of Node.js below one of the same group count as one with it. */
function calledBy(frame: Frame): Frame[] {
  const isInner = ({ at, group }: Frame) =>
    [at, frame.at].every((it) => it.startsWith('node:')) && group === frame.group;
  return frame.children.flatMap((child) => (isInner(child) ? calledBy(child) : [child]));
}

/** Adds the file, since many functions are called `call` or `send`. A function without a name is labelled by its file. */
function labelled({ name, at, group }: Frame): { group: Group; name: string } {
  if (at === '' || at.startsWith('node:')) return { group, name };
  const file = basename(at).replace(/\.\w+:\d+$/, '');
  return { group, name: name === ANONYMOUS ? file : `${file}: ${name}` };
}
