import { readFile, writeFile } from 'node:fs/promises';
import { type GoalResult, judge } from './goals.js';
import { type Ratios } from './guard.js';
import { kindOf, type Machine, type Stamp } from './machine.js';
import type { PartName, Results } from './parts/parts.js';

/** Content of `bench/results.json`: figures of the last run of each part. */
export interface ResultsFile {
  stamps: Partial<Record<PartName, Stamp>>;
  parts: Results;
  goals: GoalResult[];
}

/** Content of `bench/baselines.json`: ratios by kind of machine, since even ratios depend on the processor. */
export type Baselines = Record<string, Ratios>;

export async function readResults(path: string): Promise<ResultsFile> {
  return JSON.parse(await readFile(path, 'utf8'));
}

export async function readBaselines(path: string): Promise<Baselines> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** Replaces the known figures of the measured parts. Figures compare within a part, not across parts. */
export function merged(known: ResultsFile | undefined, measured: Results, stamp: Stamp): ResultsFile {
  const stamps = Object.fromEntries(Object.keys(measured).map((name) => [name, stamp]));
  const parts = { ...known?.parts, ...measured };
  return { stamps: { ...known?.stamps, ...stamps }, parts, goals: judge(parts) };
}

export async function writeResults(path: string, results: ResultsFile): Promise<void> {
  const shorten = (_key: string, value: unknown) => (typeof value === 'number' ? rounded(value) : value);
  await writeFile(path, `${JSON.stringify(results, shorten, 2)}\n`);
}

/** Stores the mean of the new and the stored ratios, so that a good hour of a machine is not the next run's fall. */
export async function storeBaseline(path: string, machine: Machine, found: Ratios): Promise<void> {
  const baselines = await readBaselines(path);
  const kind = kindOf(machine);
  const mean = (name: string, value: number) => rounded((value + (baselines[kind]?.[name] ?? value)) / 2);
  const means = Object.fromEntries(Object.entries(found).map(([name, value]) => [name, mean(name, value)]));
  await writeFile(path, `${JSON.stringify({ ...baselines, [kind]: means }, null, 2)}\n`);
}

/** Returns the ratios stored for the kind of the machine, or the lowest of all kinds. */
export function storedFor(baselines: Baselines, machine: Machine): { kind: string | undefined; stored: Ratios } {
  const kind = kindOf(machine);
  const own = baselines[kind];
  if (own) return { kind, stored: own };
  const lowest: Ratios = {};
  for (const [name, value] of Object.values(baselines).flatMap((ratios) => Object.entries(ratios)))
    lowest[name] = Math.min(lowest[name] ?? value, value);
  return { kind: undefined, stored: lowest };
}

/** Keeps four significant digits, which is the precision of a measurement. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
