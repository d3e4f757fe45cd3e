import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { linesOf, sweepCharts } from '../../../bench/charts/charts.js';
import { documentFiles, documentParts, mark } from '../../../bench/documents.js';
import type { Stamp } from '../../../bench/machine.js';
import { PARTS, type PartName } from '../../../bench/parts/parts.js';
import { type Baselines, merged, type ResultsFile, readJson } from '../../../bench/results.js';
import { render, text } from '../../../bench/table.js';
import { generatedPart } from '../../../conformance/generated-part.js';
import { allResults } from './figures.js';

const stamp = (mode: Stamp['mode']): Stamp => ({
  date: '2026-01-02T03:04:05.000Z',
  mode,
  machine: { cpu: 'CPU', cores: 2, node: 'v20.0.0', broker: 'RabbitMQ 3.10.8' },
});

const fileOf = (mode: Stamp['mode']) => merged(undefined, allResults(), stamp(mode));

/** The document that has a mark. */
async function documentWith(by: string): Promise<string> {
  for (const file of await documentFiles()) {
    const document = await readFile(file, 'utf8');
    if (document.includes(mark(by))) return document;
  }
  throw new Error(`no document has ${mark(by)}`);
}

const baselines: Baselines = { 'one kind': { ratio: 1.5 }, another: { ratio: 2 } };

const withoutPadding = (lines: readonly string[]) => lines.map((line) => line.replace(/\s+/g, ' '));

describe("the benchmark's documents", () => {
  it('have a marker for every table', async () => {
    const parts = documentParts(fileOf('full'), baselines);
    expect(parts.size).toBeGreaterThan(7);
    for (const by of [...parts.keys(), 'npm run bench: charts'])
      expect(generatedPart(await documentWith(by), by).length).toBeGreaterThan(0);
  });

  it('omit a short run', () => {
    expect(documentParts(fileOf('quick'), baselines).size).toBe(0);
  });

  it('show the stored figures (npm run bench -- --documents)', async () => {
    const stored = documentParts(
      await readJson<ResultsFile>('bench/results.json'),
      await readJson<Baselines>('bench/baselines.json'),
    );
    for (const [by, blocks] of stored)
      expect({ by, lines: withoutPadding(generatedPart(await documentWith(by), by)) }).toEqual({
        by,
        lines: withoutPadding(render(blocks)),
      });
  });

  it('leave no figure out of a table', () => {
    for (const [by, blocks] of documentParts(fileOf('full'), baselines)) {
      expect(render(blocks).join('\n'), by).not.toMatch(/NaN|undefined|null|\| +- +\|/);
    }
  });
});

describe("the benchmark's tables", () => {
  it('show a figure by its decimals, or by three significant digits, and a dash for one that is missing', () => {
    expect(text(0.456, 2)).toBe('0.46');
    expect(text(12_345, 'thousands')).toBe('12,300');
    expect(text(null, 2)).toBe('-');
    expect(text(Number.NaN, 'thousands')).toBe('-');
  });

  it('are separated by an empty line', () => {
    const table = { head: ['calls'], rows: [['1']] };
    expect(render([table, 'A line.'])).toEqual(['| calls |', '| ----- |', '| 1     |', '', 'A line.']);
  });
});

describe("the benchmark's charts", () => {
  it('have a line for every peer that was measured, from left to right', () => {
    const points = [
      { peer: 'oslo' as const, at: 10, value: 3 },
      { peer: 'floor-weak' as const, at: 1, value: 2 },
      { peer: 'oslo' as const, at: 1, value: 1 },
    ];
    expect(linesOf(points, ({ at, value }) => [at, value], { suffix: ', p50' })).toMatchObject([
      { name: 'bare amqplib, no guarantees, p50', lineStyle: { type: 'dashed' }, data: [[1, 2]] },
      {
        name: 'this library, p50',
        lineStyle: { type: 'solid' },
        data: [
          [1, 1],
          [10, 3],
        ],
      },
    ]);
  });

  it('show latencies as two lines, without the rates that a peer could not keep', () => {
    const { sweeps } = allResults();
    const series = (rates: typeof sweeps.rates) =>
      sweepCharts({ ...sweeps, rates }).map(({ name, option }) => [name, option.series.length]);
    expect(series(sweeps.rates)).toEqual([
      ['throughput', 1],
      ['latency', 2],
      ['payload', 1],
      ['memory', 1],
    ]);
    expect(series(sweeps.rates.map((rate) => ({ ...rate, keptUp: false })))).toContainEqual(['latency', 0]);
  });
});

describe("the benchmark's results", () => {
  it('keep the earlier figures of the other parts', () => {
    const before = fileOf('full');
    const { stamps, parts } = merged(before, { processes: allResults().processes }, stamp('quick'));
    expect(Object.keys(parts).sort()).toEqual([...PARTS].sort());
    const modes = PARTS.map((name: PartName) => [name, stamps[name]?.mode]);
    expect(modes.filter(([, mode]) => mode === 'quick')).toEqual([['processes', 'quick']]);
  });
});
