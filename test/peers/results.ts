import { readFile, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { withGeneratedPart } from '../../conformance/generated-part.js';
import { markdownTable } from '../../conformance/markdown-table.js';
import type { OptionSet } from './option-sets.js';

/** Outcome of each set, by its query: null where all of it worked, else the error; no `python` where Python has no such option. */
export type Results = Readonly<Record<string, { readonly ours: string | null; readonly python?: string | null }>>;

/** Content of `test/peers/results.json`: results of the last run of each broker, by its name. */
export type ResultsFile = Record<string, Results>;

const RESULTS = 'test/peers/results.json';
export const DOCUMENT = 'docs/reference/brokers.md';
export const COMMAND = 'npm run test:peers';

export async function readResults(): Promise<ResultsFile> {
  return JSON.parse(await readFile(RESULTS, 'utf8')) as ResultsFile;
}

/** Stores the results of a broker, and writes the table of all brokers into the documentation. */
export async function store(broker: string, results: Results, sets: readonly OptionSet[]): Promise<void> {
  const all = { ...(await readResults()), [broker]: results };
  const sorted = Object.fromEntries(
    Object.entries(all).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })),
  );
  await writeFile(RESULTS, `${JSON.stringify(sorted, null, 2)}\n`);
  const document = await readFile(DOCUMENT, 'utf8');
  await writeFile(DOCUMENT, withGeneratedPart(document, linesOf(sorted, sets), COMMAND));
}

/** A row for each set, with this library and Python on each broker, and a list of the errors. */
export function linesOf(all: ResultsFile, sets: readonly OptionSet[]): string[] {
  const errors: string[] = [];
  const said = (outcome: string | null | undefined) => {
    if (outcome === undefined) return '–';
    if (outcome === null) return 'works';
    if (!errors.includes(outcome)) errors.push(outcome);
    return `error ${errors.indexOf(outcome) + 1}`;
  };
  const columns = Object.entries(withoutEqualClusters(all));
  const rows = sets.map(({ query }) => [
    query === ''
      ? 'none'
      : query
          .split('&')
          .map((option) => `\`${option}\``)
          .join(' '),
    ...columns.map(([, results]) => {
      const found = results[query];
      return found ? `${said(found.ours)} / ${said(found.python)}` : 'not run';
    }),
  ]);
  const list = errors.map((error, index) => `${index + 1}. \`${error.replaceAll('`', "'")}\``);
  return [...markdownTable(['options', ...columns.map(([name]) => name)], rows), '', ...list];
}

const CLUSTER = /, (\d+) nodes/;

/** A cluster on which everything is as on one node of the same release needs no column of its own. */
function withoutEqualClusters(all: ResultsFile): ResultsFile {
  const columns = new Map(Object.entries(all));
  for (const [name, results] of Object.entries(all)) {
    const single = name.replace(CLUSTER, '');
    if (single === name || !isDeepStrictEqual(results, all[single])) continue;
    columns.delete(name);
    columns.delete(single);
    columns.set(name.replace(CLUSTER, ' (one node, and $1)'), results);
  }
  return Object.fromEntries([...columns].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })));
}
