import type { CommandProcess } from '../command-process.js';
import { describeError, EXIT, exitCodeOf } from '../exit-code.js';
import type { OpenConnections } from '../open-connections.js';
import { toJsonLine } from '../terminal/json-line.js';
import { type BenchFlags, readPlan } from './read-plan.js';
import { reportText } from './report-text.js';
import { runBench } from './run-bench.js';

/** Runs a load and prints its result. The exit code tells of checks that failed, and of Ctrl-C. */
export async function bench(
  words: readonly string[],
  flags: BenchFlags,
  connections: OpenConnections,
  command: CommandProcess,
): Promise<void> {
  const plan = await readPlan(words, flags, command);
  const signal = command.interruption.handled();
  try {
    const { report, throughput, csvError } = await runBench(plan, connections, command);
    command.print(flags.json ? toJsonLine(report) : reportText(report, throughput));
    if (csvError !== undefined) command.note(describeError(csvError));
    // The exit code of the signal stays.
    if (signal.aborted) return;
    const { requests, checks } = report;
    if (csvError !== undefined) command.exitCode = exitCodeOf(csvError);
    else if (checks.some(({ passed }) => !passed) || requests.succeeded === 0) command.exitCode = EXIT.failed;
  } catch (error) {
    if (!signal.aborted) throw error;
    command.note('Interrupted before anything was measured');
  }
}
