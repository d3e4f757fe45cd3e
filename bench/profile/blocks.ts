import { basename } from 'node:path';
import { ANONYMOUS, type Frame, totalOf } from './frames.js';
import type { Group } from './groups.js';

/** A frame of the picture. */
export interface Block {
  /** 0 is whom nobody called. */
  depth: number;
  /** µs of a call, with all that it called. */
  micros: number;
  group: Group;
  name: string;
}

/** What takes less of a call than this part is left out: nobody could read it. */
const SMALLEST = 0.01;

/** Each frame before what it called, the heaviest first. */
export function blocksOf(frames: readonly Frame[], cpuMicros: number): Block[] {
  const total = frames.reduce((sum, frame) => sum + totalOf(frame), 0);
  const scale = cpuMicros / total;
  const blocks: Block[] = [];
  const visit = (siblings: readonly Frame[], depth: number): void => {
    const sized = merged(siblings.map(within)).map((frame) => ({ frame, micros: totalOf(frame) }));
    for (const { frame, micros } of sized.toSorted((a, b) => b.micros - a.micros)) {
      if (micros < total * SMALLEST) break;
      blocks.push({ depth, micros: micros * scale, group: frame.group, name: label(frame) });
      visit(frame.children, depth + 1);
    }
  };
  visit(frames, 0);
  return blocks;
}

/** With the file that it is in, since many a function is called `call` or `send`; by that file alone when it has no name. */
function label({ name, at }: Frame): string {
  if (at === '' || at.startsWith('node:')) return name;
  const file = basename(at).replace(/\.\w+:\d+$/, '');
  return name === ANONYMOUS ? file : `${file}: ${name}`;
}

/** A row of Node's own functions becomes one frame, by the name of the first: how Node does it is of no interest here. */
function within(frame: Frame): Frame {
  if (!frame.at.startsWith('node:')) return frame;
  const inner = frame.children.filter((child) => belongs(child, frame)).map(within);
  const outer = frame.children.filter((child) => !belongs(child, frame));
  return {
    ...frame,
    selfMicros: inner.reduce((sum, { selfMicros }) => sum + selfMicros, frame.selfMicros),
    children: [...outer, ...inner.flatMap(({ children }) => children)],
  };
}

function belongs(child: Frame, { group }: Frame): boolean {
  return child.at.startsWith('node:') && child.group === group;
}

/** Those of one function as one, with what they called. */
function merged(frames: readonly Frame[]): Frame[] {
  const found = new Map<string, Frame>();
  for (const frame of frames) {
    const key = `${frame.name} ${frame.at}`;
    const known = found.get(key);
    if (known)
      found.set(key, {
        ...known,
        selfMicros: known.selfMicros + frame.selfMicros,
        children: [...known.children, ...frame.children],
      });
    else found.set(key, frame);
  }
  return [...found.values()];
}

/** A line each, since the stored figures are one value a line. */
export function blockToText({ depth, micros, group, name }: Block): string {
  return `${depth} ${micros.toFixed(2)} ${group} ${name}`;
}

export function blockFromText(text: string): Block {
  const [depth, micros, group, ...name] = text.split(' ');
  return { depth: Number(depth), micros: Number(micros), group: group as Group, name: name.join(' ') };
}
