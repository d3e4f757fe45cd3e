import { readFile, writeFile } from 'node:fs/promises';
import type { Ratios } from './guard.js';
import { kindOf, type Machine, type Stamp } from './machine.js';
import type { PartName, Results } from './parts/parts.js';

/** Content of `bench/results.json`: figures of the last run of each part. */
export interface ResultsFile {
  stamps: Partial<Record<PartName, Stamp>>;
  parts: Results;
}

/** Content of `bench/baselines.json`: ratios by kind of machine, since even ratios depend on the processor. */
export type Baselines = Record<string, Ratios>;

export async function readJson<Content extends ResultsFile | Baselines>(path: string): Promise<Content> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** Writes numbers with four significant digits, which is the precision of a measurement. */
export async function writeJson(path: string, content: ResultsFile | Baselines): Promise<void> {
  const rounded = (_key: string, value: unknown) =>
    typeof value !== 'number' || Number.isInteger(value) ? value : Number(value.toPrecision(4));
  await writeFile(path, `${JSON.stringify(content, rounded, 2)}\n`);
}

/** Replaces the known figures of the measured parts. Figures compare within a part, not across parts. */
export function merged(known: ResultsFile | undefined, measured: Results, stamp: Stamp): ResultsFile {
  const stamps = Object.fromEntries(Object.keys(measured).map((name) => [name, stamp]));
  return { stamps: { ...known?.stamps, ...stamps }, parts: { ...known?.parts, ...measured } };
}

/** Adds the mean of the new and the stored ratios, so that a good hour of a machine is not the next run's fall. */
export function withRatios(baselines: Baselines, machine: Machine, found: Ratios): Baselines {
  const kind = kindOf(machine);
  const mean = (name: string, value: number) => (value + (baselines[kind]?.[name] ?? value)) / 2;
  const means = Object.entries(found).map(([name, value]) => [name, mean(name, value)]);
  return { ...baselines, [kind]: Object.fromEntries(means) };
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
