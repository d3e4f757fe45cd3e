import { writeFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

export interface Summary {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * `N passed, N failed, N skipped`. Vitest may still print after its reporters (a slow teardown, say), so where the
 * line has to be the very last one, the caller names a file in `TEST_SUMMARY_FILE` and prints the line himself.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>): void {
    const summary = summarize(modules);
    summary.failed += unhandledErrors.length;
    const line = `${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`;
    const file = process.env.TEST_SUMMARY_FILE;
    if (file) writeFileSync(file, JSON.stringify(summary));
    else console.log(line);
  }
}

function summarize(modules: ReadonlyArray<TestModule>): Summary {
  const summary: Summary = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    // A file that does not load, or a hook that throws: its tests do not run, which must not look like a skip.
    if (module.errors().length > 0) summary.failed++;
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) summary.failed++;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that is still pending at the end of an interrupted run has not passed.
      summary[state === 'pending' ? 'failed' : state]++;
    }
  }
  return summary;
}
