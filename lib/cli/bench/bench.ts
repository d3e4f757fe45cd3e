import { stringifyJson } from '../../internal.js';
import { describeError, EXIT, exitCodeOf } from '../exit-code.js';
import { Interruption } from '../interruption.js';
import type { OpenConnections } from '../open-connections.js';
import { type BenchFlags, readPlan } from './read-plan.js';
import { reportText } from './report-text.js';
import { runBench } from './run-bench.js';

/** Runs a load and prints its result. The exit code tells of checks that failed, and of Ctrl-C. */
export async function bench(words: readonly string[], flags: BenchFlags, connections: OpenConnections): Promise<void> {
  const plan = await readPlan(words, flags);
  const interruption = new Interruption();
  try {
    const { report, throughput, csvError } = await runBench(plan, connections, interruption);
    process.stdout.write(flags.json ? `${stringifyJson(report)}\n` : reportText(report, throughput));
    if (csvError !== undefined) process.stderr.write(`${describeError(csvError)}\n`);
    const { requests, checks } = report;
    if (checks.some(({ passed }) => !passed) || requests.succeeded === 0) process.exitCode = EXIT.failed;
    if (csvError !== undefined) process.exitCode = exitCodeOf(csvError);
    if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode;
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    process.stderr.write('Interrupted before anything was measured\n');
    process.exitCode = interruption.exitCode;
  } finally {
    interruption.close();
  }
}
