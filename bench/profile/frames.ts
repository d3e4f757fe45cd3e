import { existsSync, readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { SourceMap } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CpuProfile } from '../running/cpu-profiler.js';
import { GROUPS, type Group, groupOf } from './groups.js';

/** A function in one place of the stack, with the functions that it called. */
export interface Frame {
  name: string;
  /** `path:line`; empty for native code. */
  at: string;
  group: Group;
  /** Time without that of the functions that it called. */
  selfMicros: number;
  children: Frame[];
}

export const ANONYMOUS = '(anonymous)';
const IDLE = '(idle)';
const COMPILED = /\/dist\/((?:bench|testkit|conformance|lib)\/.*)$/;
const PACKAGED = /.*\/node_modules\/(.*)$/;

/**
 * Returns the stacks of a profile without waiting. V8 counts native code of the event loop as waiting, reads of sockets
 * above all. The event loop knows how long it waited: the difference becomes a frame of its own.
 */
export function framesOf({ profile, activeMicros }: CpuProfile): Frame[] {
  const times = new Map<number, number>();
  const { samples = [], timeDeltas = [] } = profile;
  for (const [index, node] of samples.entries())
    times.set(node, (times.get(node) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0));
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const frameOf = ({ id, callFrame, children = [] }: Profiler.ProfileNode): Frame => ({
    name: callFrame.functionName || ANONYMOUS,
    at: sourceOf(callFrame.url, callFrame.lineNumber, callFrame.columnNumber),
    group: groupOf(callFrame.functionName, pathOf(callFrame.url)),
    selfMicros: times.get(id) ?? 0,
    children: children.flatMap((child) => nodes.get(child) ?? []).map(frameOf),
  });
  const [root] = profile.nodes;
  const found = root ? frameOf(root).children.filter(({ name }) => name !== IDLE) : [];
  const loop = Math.max(0, activeMicros - totalOf(found));
  return [...found, { name: GROUPS.loop.title, at: '', group: 'loop', selfMicros: loop, children: [] }];
}

/** Returns the time of frames with that of the functions that they called. */
export function totalOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, { selfMicros, children }) => sum + selfMicros + totalOf(children), 0);
}

/** Returns a path within the repository or below `node_modules`, which names no machine. Empty for native code. */
export function pathOf(url: string): string {
  if (url === '' || url.startsWith('node:')) return url;
  return PACKAGED.exec(url)?.[1] ?? COMPILED.exec(url)?.[1] ?? basename(url);
}

const maps = new Map<string, SourceMap | undefined>();

/** Returns `path:line` of a function, in its TypeScript where there is a source map. Line and column begin at 0. */
export function sourceOf(url: string, line: number, column: number): string {
  const path = pathOf(url);
  if (path === '') return '';
  const entry = mapOf(url)?.findEntry(line, column);
  if (entry && 'originalLine' in entry) return `${path.replace(/\.js$/, '.ts')}:${entry.originalLine + 1}`;
  return `${path}:${line + 1}`;
}

function mapOf(url: string): SourceMap | undefined {
  // The maps of packages name files that are not installed.
  if (!COMPILED.test(url) || PACKAGED.test(url)) return undefined;
  if (!maps.has(url)) {
    const file = `${fileURLToPath(url)}.map`;
    maps.set(url, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(url);
}
