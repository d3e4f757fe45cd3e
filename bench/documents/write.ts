import { readFile, writeFile } from 'node:fs/promises';
import { withGeneratedPart } from '../../conformance/generated-part.js';
import type { Baselines } from '../baselines.js';
import { chartPicture } from '../charts/chart.js';
import { charts } from '../charts/charts.js';
import { draw } from '../charts/draw.js';
import { icicles } from '../charts/icicle.js';
import type { ResultsFile } from '../results.js';
import { documentParts } from './parts.js';

/** Charts and tables of the documents, from the figures of full runs: those of a short one are left out. */
export async function writeDocuments(results: ResultsFile, baselines: Baselines): Promise<void> {
  const { sweeps, profile } = results.parts;
  if (sweeps && results.stamps.sweeps?.mode === 'full') await draw(charts(sweeps).map(chartPicture));
  if (profile && results.stamps.profile?.mode === 'full') await draw(icicles(profile));
  for (const { file, by, lines } of documentParts(results, baselines))
    await writeFile(file, withGeneratedPart(await readFile(file, 'utf8'), lines, by));
}
