import type { Report } from '../lib/cli/conformance/report.js';

type Result = Report['checks'][number];

/** A row for each check: what is expected, and how each peer did. */
export function tableOfChecks(reports: readonly Report[]): string[] {
  const rows = (reports[0]?.checks ?? []).map(({ name, expects }, index) => [
    `\`${name}\``,
    expects,
    ...reports.map(({ checks }) => said(checks[index])),
  ]);
  return table(['check', 'expected', ...reports.map(({ implementation }) => implementation)], rows);
}

/** A row for each kind of check, with counts. */
export function tableOfThemes(reports: readonly Report[]): string[] {
  const themes = [...new Set(reports[0]?.checks.map(({ theme }) => theme))];
  const rows = themes.map((theme) => [theme, ...reports.map(({ checks }) => counted(checks, theme))]);
  return table(['checks of', ...reports.map(({ implementation }) => implementation)], rows);
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

/** Columns as wide as their widest cell, as the formatter has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(rule), ...rows.map(line)];
}
