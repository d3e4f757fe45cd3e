import type { Report } from '../lib/cli/conformance/report.js';
import { markdownTable } from './markdown-table.js';

type Result = Report['checks'][number];

/** A row for each check: what is expected, and how each peer did. */
export function tableOfChecks(reports: readonly Report[]): string[] {
  const rows = (reports[0]?.checks ?? []).map(({ name, expects }, index) => [
    `\`${name}\``,
    expects,
    ...reports.map(({ checks }) => said(checks[index])),
  ]);
  return markdownTable(['check', 'expected', ...reports.map(({ implementation }) => implementation)], rows);
}

/** A row for each kind of check, with counts. */
export function tableOfThemes(reports: readonly Report[]): string[] {
  const themes = [...new Set(reports[0]?.checks.map(({ theme }) => theme))];
  const rows = themes.map((theme) => [theme, ...reports.map(({ checks }) => counted(checks, theme))]);
  return markdownTable(['checks of', ...reports.map(({ implementation }) => implementation)], rows);
}

function said(check: Result | undefined): string {
  if (!check) return 'not run';
  return check.detail === undefined ? check.result : `${check.result}: ${check.detail.replaceAll('|', '\\|')}`;
}

function counted(checks: readonly Result[], theme: string): string {
  const ofTheme = checks.filter((check) => check.theme === theme);
  const counts = (['passed', 'failed', 'skipped'] as const)
    .map((result) => ({ result, count: ofTheme.filter((check) => check.result === result).length }))
    .filter(({ count }) => count > 0);
  return counts.map(({ result, count }) => `${count} ${result}`).join(', ');
}
