import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withGeneratedPart } from '../conformance/generated-part.js';
import { type Chart, overloadChart, sweepCharts } from './charts/charts.js';
import { flameGraphs } from './charts/flame-graphs.js';
import { type GoalResult, judge } from './goals.js';
import { PARTS, partDocuments } from './parts/parts.js';
import type { Baselines, ResultsFile } from './results.js';
import { type Block, render, type Table, tableOf, text } from './table.js';

const CHARTS = 'docs/charts';

/** Returns the tables of the stored figures, by the marks of their places. Leaves out figures of a quick run. */
export function documentParts({ parts, stamps }: ResultsFile, baselines: Baselines): Map<string, Block[]> {
  const found: Record<string, Block[]> = {};
  for (const name of PARTS) {
    const stamp = stamps[name];
    if (stamp?.mode === 'full') Object.assign(found, partDocuments(name, parts, stamp));
  }
  if (found.calls) found.machines = [machinesTable(baselines)];
  if (Object.values(stamps).every(({ mode }) => mode === 'full')) found.goals = [goalsTable(judge(parts))];
  return new Map(Object.entries(found).map(([name, blocks]) => [`npm run bench: ${name}`, blocks]));
}

/** Writes the charts, and the tables into the documents that have a mark for them. */
export async function writeDocuments(results: ResultsFile, baselines: Baselines): Promise<void> {
  const charts = await draw(results);
  const parts = documentParts(results, baselines);
  for (const file of await documentFiles()) {
    const before = await readFile(file, 'utf8');
    const folder = relative(dirname(file), CHARTS);
    const links = charts.map(({ name, title }) => `![${title}](${folder}/${name}.svg)`);
    let after = before;
    for (const [by, blocks] of charts.length > 0 ? [...parts, ['npm run bench: charts', links] as const] : parts)
      if (after.includes(mark(by))) after = withGeneratedPart(after, render(blocks), by);
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

/** Returns the charts of the sweeps. The documents place the other pictures themselves. */
async function draw({ parts: { sweeps, profile, overload }, stamps }: ResultsFile): Promise<Chart[]> {
  const charts = sweeps && stamps.sweeps?.mode === 'full' ? sweepCharts(sweeps) : [];
  const graphs = profile && stamps.profile?.mode === 'full' ? flameGraphs(profile) : [];
  const pressed = overload && stamps.overload?.mode === 'full' ? [overloadChart(overload)] : [];
  const { svg } = await import(pathToFileURL(resolve('bench/charts/svg.mjs')).href);
  for (const drawing of [...graphs, ...[...charts, ...pressed].map(({ name, option }) => ({ name, svg: svg(option) }))])
    await writeFile(`${CHARTS}/${drawing.name}.svg`, `${drawing.svg}\n`);
  return charts;
}

function machinesTable(baselines: Baselines): Table {
  const kinds = Object.entries(baselines);
  const names = [...new Set(kinds.flatMap(([, ratios]) => Object.keys(ratios)))];
  const columns = kinds.map(([kind, ratios]) => [kind, (name: string) => text(ratios[name], 2)]);
  return tableOf(names, { '': (name) => name, ...Object.fromEntries(columns) });
}

export function goalsTable(goals: readonly GoalResult[]): Table {
  return tableOf(goals, {
    goal: ({ goal }) => goal,
    measured: ({ value }) => text(value, Number.isInteger(value) ? 0 : 2),
    '': ({ met }) => (met ? 'met' : 'not met'),
  });
}
