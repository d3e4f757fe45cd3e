import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Chart, chartOption } from './chart.js';

const FOLDER = 'docs/charts';
const WIDTH = 760;
const HEIGHT = 440;

interface Drawing {
  svg(option: Record<string, unknown>, width: number, height: number): string;
}

/** The library is a dependency of the benchmark's own package (bench/foreign) alone. */
export async function draw(charts: readonly Chart[]): Promise<void> {
  const { svg }: Drawing = await import(pathToFileURL(resolve('bench/foreign/svg.mjs')).href);
  await mkdir(FOLDER, { recursive: true });
  for (const chart of charts)
    await writeFile(`${FOLDER}/${chart.name}.svg`, `${svg(chartOption(chart), WIDTH, HEIGHT)}\n`);
}
