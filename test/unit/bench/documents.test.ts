import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type Baselines, readBaselines } from '../../../bench/baselines.js';
import { chartOption } from '../../../bench/charts/chart.js';
import { charts } from '../../../bench/charts/charts.js';
import { documentParts } from '../../../bench/documents/parts.js';
import { judge } from '../../../bench/goals.js';
import { PARTS, type PartName } from '../../../bench/parts.js';
import { merged, readResults, type Stamp } from '../../../bench/results.js';
import { generatedPart } from '../../../conformance/generated-part.js';
import { allResults } from './figures.js';

const stamp = (mode: Stamp['mode']): Stamp => ({
  date: '2026-01-02T03:04:05.000Z',
  mode,
  machine: { cpu: 'CPU', cores: 2, node: 'v20.0.0', broker: 'RabbitMQ 3.10.8' },
});

function fileOf(mode: Stamp['mode']) {
  const parts = allResults();
  return { ...merged(undefined, parts, stamp(mode)), goals: judge(parts) };
}

const baselines: Baselines = { 'one kind': { ratio: 1.5 }, another: { ratio: 2 } };

const squeezed = (lines: readonly string[]) => lines.map((line) => line.replace(/\s+/g, ' '));

describe("the benchmark's documents", () => {
  it('have a place for every table', async () => {
    const parts = documentParts(fileOf('full'), baselines);
    expect(parts.length).toBeGreaterThan(7);
    for (const { file, by } of parts) expect(generatedPart(await readFile(file, 'utf8'), by).length).toBeGreaterThan(0);
  });

  it('say nothing of a short run', () => {
    expect(documentParts(fileOf('quick'), baselines)).toEqual([]);
  });

  it('say what the stored figures say (npm run bench -- --documents)', async () => {
    const stored = documentParts(await readResults('bench/results.json'), await readBaselines('bench/baselines.json'));
    for (const { file, by, lines } of stored)
      expect({ by, lines: squeezed(generatedPart(await readFile(file, 'utf8'), by)) }).toEqual({
        by,
        lines: squeezed(lines),
      });
  });

  it('leave no figure out of a table', () => {
    for (const { by, lines } of documentParts(fileOf('full'), baselines)) {
      expect(lines.join('\n'), by).not.toMatch(/NaN|undefined|null|\| +- +\|/);
    }
  });
});

describe("the benchmark's charts", () => {
  it('have a line for every peer that was measured, from left to right', () => {
    const { sweeps } = allResults();
    const [throughput, latency, payload, memory] = charts(sweeps);
    expect(throughput?.lines).toMatchObject([{ name: 'this library', points: [[10, 900]] }]);
    expect(latency?.lines.map(({ name, dashed }) => [name, dashed])).toEqual([
      ['this library, p50', false],
      ['this library, p99', true],
    ]);
    expect(payload?.lines).toMatchObject([{ points: [[100, 900]] }]);
    expect(memory?.lines[0]?.points).toEqual([
      [0, 10],
      [1000, 10.8],
    ]);
    for (const chart of charts(sweeps)) expect(chartOption(chart)).toMatchObject({ backgroundColor: 'transparent' });
  });
});

describe("the benchmark's results", () => {
  it('keep what was measured before of the other parts', () => {
    const before = fileOf('full');
    const { stamps, parts } = merged(before, { processes: allResults().processes }, stamp('quick'));
    expect(Object.keys(parts).sort()).toEqual([...PARTS].sort());
    const modes = PARTS.map((name: PartName) => [name, stamps[name]?.mode]);
    expect(modes.filter(([, mode]) => mode === 'quick')).toEqual([['processes', 'quick']]);
  });
});
