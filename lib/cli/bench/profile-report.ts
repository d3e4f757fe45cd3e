import { GROUP_NAMES, GROUPS, type Group } from '../profile/groups.js';
import type { HeavyFunction } from '../profile/summary.js';
import { textTable } from '../terminal/text-table.js';

/** CPU of a process, by what it was spent on. Times are µs of a message, under the profiler. */
export interface ProfiledProcess {
  readonly cpuMicros: number;
  readonly groups: Readonly<Record<Group, number>>;
  /** Heaviest functions, without the functions that they called. */
  readonly heaviest: readonly HeavyFunction[];
  /** Path of the profile, for Chrome's developer tools. */
  readonly cpuProfile: string;
  /** Path of the flame graph, an SVG file. */
  readonly flameGraph: string;
}

/** Profile of a load. */
export interface ProfileReport {
  /** Number of messages, among which the CPU is divided. */
  readonly messages: number;
  readonly client: ProfiledProcess;
  /** Profile of the demonstration server that the load has started; null without one. */
  readonly server: ProfiledProcess | null;
}

/** Smallest figure that is no zero in the table. */
const LEAST = 0.05;
const HEAVIEST = 5;

/** Returns the profile for people. */
export function profileText({ client, server }: ProfileReport): string {
  const processes = [{ name: 'client', it: client }, ...(server ? [{ name: 'server', it: server }] : [])];
  const row = (title: string, read: (it: ProfiledProcess) => number) => [
    title,
    ...processes.map(({ it }) => read(it).toFixed(1).padStart('client'.length)),
  ];
  const spent = GROUP_NAMES.filter((group) => processes.some(({ it }) => it.groups[group] >= LEAST));
  const table = [
    ['µs of CPU of a message, under the profiler', ...processes.map(({ name }) => name)],
    ...spent.map((group) => row(`  ${GROUPS[group].title}`, ({ groups }) => groups[group])),
    row('  in all', ({ cpuMicros }) => cpuMicros),
  ];
  const heavy = processes.flatMap(({ name, it }) =>
    it.heaviest
      .slice(0, HEAVIEST)
      .map(({ name: called, at, micros }, index) => [
        index === 0 ? `Heaviest functions of the ${name}` : '',
        micros.toFixed(2).padStart('client'.length),
        `${called}  ${at || 'native code'}`,
      ]),
  );
  const files = processes.flatMap(({ it }) => [it.flameGraph, it.cpuProfile]);
  return [textTable(table), textTable(heavy), ...files.map((file) => `Written to ${file}\n`)].join('');
}
