// All tests, from whatever state the clone is in. Further arguments are vitest's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureDependencies, root } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

/** Vitest's exit code and counts. The counts come by a file, so that nothing can be printed after them. */
function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'test-summary-'));
  const file = join(folder, 'summary.json');
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { status, signal } = spawnSync(process.execPath, [vitest, 'run', ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, TEST_SUMMARY_FILE: file },
    });
    return { code: status ?? 128 + constants.signals[signal], summary: readSummary(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Vitest ended before there was anything to count, e.g. because the broker did not start.
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function main() {
  // Ctrl-C is for the child in the foreground; this process stays until it has printed the summary.
  process.on('SIGINT', () => undefined);
  try {
    ensureDependencies();
    ensurePrerequisites({ postgresql: true, chromium: true, prometheus: true });
    build({ examples: true });
    return runVitest(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return { code: 1, summary: { passed: 0, failed: 1, skipped: 0 } };
  }
}

const { code, summary } = main();
// A run can fail without a failed test, e.g. in its teardown.
if (code !== 0 && summary.failed === 0) summary.failed = 1;
console.log(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
process.exitCode = code;
