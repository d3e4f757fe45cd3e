import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CpuProfile } from './cpu-profiler.js';
import { GROUPS, type Group, groupOf } from './groups.js';

/** A function in one place of the stack. */
export interface Frame {
  name: string;
  /** `path:line`; empty for native code. */
  at: string;
  group: Group;
  /** µs of CPU of a call, without the functions that it called. */
  micros: number;
  children: Frame[];
}

export const ANONYMOUS = '(anonymous)';
const NO_WORK = ['(root)', '(idle)'];
/** The folder that holds `dist`, and the path below that. */
const COMPILED = /^(.*)\/dist\/((?:bench|testkit|conformance|lib)\/.*)$/;
const PACKAGES = '/node_modules/';
const OWN_FILES = 'nestjs-oslo-messaging/dist/';

/**
 * Divides the CPU of a call among the functions of a profile, without waiting: callers before the functions that they
 * called, the root first. V8 counts native code of the event loop as waiting, reads of sockets above all. The event
 * loop knows how long it waited: the difference becomes a frame of its own.
 */
export function framesOf(
  { profile, activeMicros }: Pick<CpuProfile, 'profile' | 'activeMicros'>,
  cpuMicros: number,
): Frame[] {
  const { nodes, samples = [], timeDeltas = [] } = profile;
  const frames = new Map<number, Frame>();
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    const { path, at } = placeOf(url, lineNumber, columnNumber);
    const name = functionName || ANONYMOUS;
    frames.set(id, { name, at, group: groupOf(functionName, path), micros: 0, children: [] });
  }
  const framesWith = (ids: readonly number[]) => ids.flatMap((id) => frames.get(id) ?? []);
  for (const { id, children = [] } of nodes) frames.get(id)?.children.push(...framesWith(children));
  for (const [index, frame] of framesWith(samples).entries())
    if (!NO_WORK.includes(frame.name)) frame.micros += Math.max(0, timeDeltas[index + 1] ?? 0);
  const found = [...frames.values()];
  const seenMicros = found.reduce((total, { micros }) => total + micros, 0);
  const loopMicros = Math.max(0, activeMicros - seenMicros);
  const loop: Frame = { name: GROUPS.loop.title, at: '', group: 'loop', micros: loopMicros, children: [] };
  found[0]?.children.push(loop);
  found.push(loop);
  for (const frame of found) frame.micros *= cpuMicros / (seenMicros + loopMicros);
  return found;
}

/** Returns a path within the repository or below `node_modules`, which names no machine. Empty for native code. */
export function pathOf(url: string): string {
  if (url === '' || url.startsWith('node:')) return url;
  const packages = url.lastIndexOf(PACKAGES);
  if (packages < 0) return COMPILED.exec(url)?.[2] ?? basename(url);
  const path = url.slice(packages + PACKAGES.length);
  return path.startsWith(OWN_FILES) ? path.slice(OWN_FILES.length) : path;
}

const maps = new Map<string, SourceMap | undefined>();

/** Path of a function, and `path:line`. Both are empty for native code. */
interface Place {
  path: string;
  at: string;
}

/** Returns the place of a function, in its TypeScript where there is a source map. Line and column begin at 0. */
export function placeOf(url: string, line: number, column: number): Place {
  const entry = mapOf(url)?.findEntry(line, column);
  const original = entry && 'originalLine' in entry ? entry : undefined;
  const path = original ? pathOfSource(url, original.originalSource) : pathOf(url);
  return { path, at: path && `${path}:${(original?.originalLine ?? line) + 1}` };
}

/** Returns the path of a source within the repository: a file of the built library holds many. */
function pathOfSource(url: string, source: string): string {
  const path = relative(repositoryOf(url), fileURLToPath(new URL(source, url)));
  return path.split(sep).join('/');
}

/** Returns the folder of the sources: it holds `dist`, or `bench` with a `dist` of its own. */
function repositoryOf(url: string): string {
  const holder = fileURLToPath(COMPILED.exec(url)?.[1] ?? url);
  return existsSync(join(holder, 'lib')) ? holder : dirname(holder);
}

function mapOf(url: string): SourceMap | undefined {
  // The maps of packages name files that are not installed.
  if (!COMPILED.test(url) || url.includes(PACKAGES)) return undefined;
  if (!maps.has(url)) {
    const file = `${fileURLToPath(url)}.map`;
    maps.set(url, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return maps.get(url);
}
