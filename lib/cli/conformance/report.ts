import { oneLine } from '../../internal.js';
import { type Colour, coloured } from '../terminal/colours.js';
import type { About } from './peer.js';
import type { CheckResult } from './run-checks.js';

/** Report of a run, as `--json` prints it. */
export interface Report extends Record<CheckResult['result'], number> {
  implementation: string;
  server: string;
  checks: CheckResult[];
}

/** Returns the report of a run. */
export function reportOf({ implementation, server }: About, checks: CheckResult[]): Report {
  const count = (result: CheckResult['result']) => checks.filter((check) => check.result === result).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  return { implementation, server, ...counts, checks };
}

const COLOURS: Readonly<Record<CheckResult['result'], Colour>> = { passed: 'green', failed: 'red', skipped: 'yellow' };

const columns = ([name, result, time, expects]: [string, string, string, string], colour?: Colour): string =>
  `${name.padEnd(20)}  ${coloured(colour, result.padEnd(7))}  ${time.padStart(8)}  ${expects}\n`;

export const tableHead = columns(['CHECK', 'RESULT', 'TIME', 'EXPECTED']);

/** Returns the row of a check. A failed or skipped one has a second line with the reason. */
export function tableRow({ name, expects, result, detail, milliseconds }: CheckResult): string {
  const row = columns([name, result, `${milliseconds} ms`, expects], COLOURS[result]);
  return detail === undefined ? row : row + columns(['', '', '', `${result}: ${oneLine(detail)}`]);
}

export function tableFoot({ implementation, server, passed, failed, skipped }: Report): string {
  return `\n${oneLine(implementation)}, server ${oneLine(server)}: ${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
