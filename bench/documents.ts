import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withGeneratedPart } from '../conformance/generated-part.js';
import { type Chart, sweepCharts } from './charts/charts.js';
import { profileCharts } from './charts/icicle.js';
import type { GoalResult } from './goals.js';
import { PARTS, partDocuments } from './parts/parts.js';
import type { Baselines, ResultsFile } from './results.js';
import { type Block, figure, render, type Table, tableOf, text } from './table.js';

const CHARTS = 'docs/charts';

interface Drawing {
  svg(option: Record<string, unknown>, width: number, height: number): string;
}

/** Returns the tables of the stored figures, by the marks of their places. Leaves out figures of a quick run. */
export function documentParts({ parts, stamps, goals }: ResultsFile, baselines: Baselines): Map<string, Block[]> {
  const found: Record<string, Block[]> = {};
  for (const name of PARTS) {
    const stamp = stamps[name];
    if (stamp?.mode === 'full') Object.assign(found, partDocuments(name, parts, stamp));
  }
  if (found.calls) found.machines = [machinesTable(baselines)];
  if (Object.values(stamps).every(({ mode }) => mode === 'full') && goals.length > 0) found.goals = [goalsTable(goals)];
  return new Map(Object.entries(found).map(([name, blocks]) => [`npm run bench: ${name}`, blocks]));
}

/** Writes the charts, and the tables into the documents that have a mark for them. */
export async function writeDocuments(results: ResultsFile, baselines: Baselines): Promise<void> {
  const { sweeps, profile } = results.parts;
  const curves = sweeps && results.stamps.sweeps?.mode === 'full' ? sweepCharts(sweeps) : [];
  const profiles = profile && results.stamps.profile?.mode === 'full' ? profileCharts(profile) : [];
  await draw([...curves, ...profiles]);
  const parts = documentParts(results, baselines);
  for (const file of await documentFiles()) {
    const before = await readFile(file, 'utf8');
    let after = before;
    for (const [by, blocks] of parts)
      if (after.includes(mark(by))) after = withGeneratedPart(after, render(blocks, { ranges: false }), by);
    const charts = 'npm run bench: charts';
    if (curves.length > 0 && after.includes(mark(charts)))
      after = withGeneratedPart(after, render(chartLinks(curves, file), { ranges: false }), charts);
    if (after !== before) await writeFile(file, after);
  }
}

/** Returns the paths of the documents, which may hold a mark. */
export async function documentFiles(): Promise<string[]> {
  const names = await readdir('docs', { recursive: true });
  return ['README.md', ...names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
}

export function mark(by: string): string {
  return `<!-- by ${by} -->`;
}

function chartLinks(charts: readonly Chart[], file: string): string[] {
  const folder = relative(dirname(file), CHARTS);
  return charts.map(({ name, title }) => `![${title}](${folder}/${name}.svg)`);
}

async function draw(charts: readonly Chart[]): Promise<void> {
  const { svg }: Drawing = await import(pathToFileURL(resolve('bench/charts/svg.mjs')).href);
  await mkdir(CHARTS, { recursive: true });
  for (const { name, option, width, height } of charts)
    await writeFile(`${CHARTS}/${name}.svg`, `${svg(option, width, height)}\n`);
}

function machinesTable(baselines: Baselines): Table {
  const kinds = Object.entries(baselines);
  const names = [...new Set(kinds.flatMap(([, ratios]) => Object.keys(ratios)))];
  const columns = kinds.map(([kind, ratios]) => [kind, (name: string) => figure(ratios[name], 2)]);
  return tableOf(names, { '': (name) => name, ...Object.fromEntries(columns) });
}

export function goalsTable(goals: readonly GoalResult[]): Table {
  return tableOf(goals, {
    goal: ({ goal }) => goal,
    measured: ({ value }) => text(value, Number.isInteger(value) ? 0 : 2),
    '': ({ met }) => (met ? 'met' : 'not met'),
  });
}
