// Searches longer than npm test for bodies that break the decoders: node scripts/fuzz.mjs [--runs N] [--seed S]
import { parseArgs } from 'node:util';
import { ensureDependencies, root, run } from './install.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Math.trunc(Math.random() * 2 ** 31)) },
  },
});
ensureDependencies();
console.log(`seed ${values.seed}, ${values.runs} bodies for each decoder`);
try {
  run(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, 'run', 'test/security/fuzz.test.ts'], {
    env: { ...process.env, FUZZ_RUNS: values.runs, FUZZ_SEED: values.seed, TEST_RABBIT_URL: 'none' },
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
