import { basename } from 'node:path';
import { ANONYMOUS, type Frame, totalOf } from './frames.js';
import { GROUP_NAMES, type Group } from './groups.js';

/** Block of an icicle chart. */
export interface Block {
  /** Number of callers above it. */
  depth: number;
  /** µs of a call, with the functions that it called. */
  micros: number;
  group: Group;
  name: string;
}

export interface HeavyFunction {
  name: string;
  at: string;
  group: Group;
  /** µs of a call, without the functions that it called. */
  micros: number;
}

export interface ProfileSummary {
  /** µs of a call. */
  groups: Record<Group, number>;
  heaviest: HeavyFunction[];
}

const HEAVIEST = 15;
/** Part of a call below which a block is too small to read, and left out. */
const MIN_PART = 0.01;

/** Divides the CPU of a call among the functions in which it was spent. */
export function summarize(frames: readonly Frame[], cpuMicros: number): ProfileSummary {
  const groups = Object.fromEntries(GROUP_NAMES.map((name) => [name, 0])) as Record<Group, number>;
  const functions = new Map<string, HeavyFunction>();
  const scale = cpuMicros / totalOf(frames);
  const visit = ({ name, at, group, selfMicros, children }: Frame): void => {
    const micros = selfMicros * scale;
    groups[group] += micros;
    const key = `${name} ${at}`;
    functions.set(key, { name, at, group, micros: micros + (functions.get(key)?.micros ?? 0) });
    children.forEach(visit);
  };
  frames.forEach(visit);
  const heaviest = [...functions.values()]
    // Neither is a function.
    .filter(({ group }) => group !== 'loop' && group !== 'gc')
    .toSorted((a, b) => b.micros - a.micros);
  return { groups, heaviest: heaviest.slice(0, HEAVIEST) };
}

/** Returns each frame before the functions that it called, the heaviest first. */
export function blocksOf(frames: readonly Frame[], cpuMicros: number): Block[] {
  const total = totalOf(frames);
  const blocks: Block[] = [];
  const visit = (siblings: readonly Frame[], depth: number): void => {
    const sized = merged(siblings.map(withoutInner)).map((frame) => ({ frame, micros: totalOf([frame]) }));
    for (const { frame, micros } of sized.toSorted((a, b) => b.micros - a.micros)) {
      if (micros < total * MIN_PART) break;
      blocks.push({ depth, micros: (micros * cpuMicros) / total, group: frame.group, name: label(frame) });
      visit(frame.children, depth + 1);
    }
  };
  visit(frames, 0);
  return blocks;
}

/** Adds the file, since many functions are called `call` or `send`. A function without a name is labelled by its file. */
function label({ name, at }: Frame): string {
  if (at === '' || at.startsWith('node:')) return name;
  const file = basename(at).replace(/\.\w+:\d+$/, '');
  return name === ANONYMOUS ? file : `${file}: ${name}`;
}

/** Joins nested functions of Node.js to their outermost caller of the same group. */
function withoutInner(frame: Frame): Frame {
  const isInner = ({ at, group }: Frame) => at.startsWith('node:') && group === frame.group;
  if (!frame.at.startsWith('node:')) return frame;
  const inner = frame.children.filter(isInner).map(withoutInner);
  const outer = frame.children.filter((child) => !isInner(child));
  return {
    ...frame,
    selfMicros: inner.reduce((sum, { selfMicros }) => sum + selfMicros, frame.selfMicros),
    children: [...outer, ...inner.flatMap(({ children }) => children)],
  };
}

/** Joins the frames of one function, with the functions that they called. */
function merged(frames: readonly Frame[]): Frame[] {
  const found = new Map<string, Frame>();
  for (const frame of frames) {
    const key = `${frame.name} ${frame.at}`;
    const { selfMicros = 0, children = [] } = found.get(key) ?? {};
    found.set(key, {
      ...frame,
      selfMicros: selfMicros + frame.selfMicros,
      children: [...children, ...frame.children],
    });
  }
  return [...found.values()];
}

/** Returns a line, since the stored figures have one value on each line. */
export function blockToText({ depth, micros, group, name }: Block): string {
  return `${depth} ${micros.toFixed(2)} ${group} ${name}`;
}

export function blockFromText(text: string): Block {
  const [depth, micros, group, ...name] = text.split(' ');
  return { depth: Number(depth), micros: Number(micros), group: group as Group, name: name.join(' ') };
}
