import { readFile, writeFile } from 'node:fs/promises';
import type { GoalResult } from './goals.js';
import type { Machine } from './machine.js';
import type { PartName, Results } from './parts.js';
import { rounded } from './statistics.js';

/** When, where and how thoroughly the figures of a part were taken. */
export interface Stamp {
  date: string;
  mode: 'quick' | 'full';
  machine: Machine;
}

export interface ResultsFile {
  stamps: Partial<Record<PartName, Stamp>>;
  parts: Results;
  goals: GoalResult[];
}

export async function readResults(path: string): Promise<ResultsFile> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** What was measured takes the place of what was known of the same parts. Figures compare within a part, not across. */
export function merged(known: ResultsFile | undefined, parts: Results, stamp: Stamp): Omit<ResultsFile, 'goals'> {
  const stamps = Object.keys(parts).map((name) => [name, stamp]);
  return {
    stamps: { ...known?.stamps, ...Object.fromEntries(stamps) },
    parts: { ...known?.parts, ...parts },
  };
}

export async function writeResults(path: string, results: ResultsFile): Promise<void> {
  await writeFile(path, `${JSON.stringify(results, shortNumbers, 2)}\n`);
}

function shortNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? rounded(value) : value;
}
