import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Report } from '../lib/cli/conformance/report.js';
import { startBroker } from '../testkit/broker.js';
import { withGeneratedPart } from './generated-part.js';
import { tableOfChecks, tableOfThemes } from './report-tables.js';
import { runSideBySide } from './side-by-side.js';

/** Resolves with the exit code: 0 only if no check failed. The working directory is the repository's root. */
export async function main(args: string[]): Promise<number> {
  const write = args.includes('--write');
  if (args.some((arg) => arg !== '--write')) throw new Error('expected nothing but --write');
  const given = process.env.TEST_RABBIT_URL;
  const node = given ? undefined : await startBroker({ plugins: ['rabbitmq_management'] });
  try {
    const topic = `conformance-${randomBytes(4).toString('hex')}`;
    const reports = await runSideBySide(node?.url ?? given ?? '', topic, node?.managementUrl);
    console.log(tableOfChecks(reports).join('\n'));
    console.log(`\n${tableOfThemes(reports).join('\n')}`);
    if (write) await writeDocuments(reports);
    return reports.some(({ failed }) => failed > 0) ? 1 : 0;
  } finally {
    await node?.stop();
  }
}

async function writeDocuments(reports: readonly Report[]): Promise<void> {
  await replace('docs/explanation/known-differences.md', tableOfThemes(reports));
  await replace('docs/reference/conformance.md', tableOfChecks(reports));
}

async function replace(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, withGeneratedPart(await readFile(file, 'utf8'), lines));
}
