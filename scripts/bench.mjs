// The benchmark, from whatever state the clone is in: node scripts/bench.mjs [--quick] [--parts …] …, see --help
import { existsSync } from 'node:fs';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

function hasBroker() {
  return Boolean(process.env.TEST_RABBIT_URL) || existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server');
}

/** The library and the benchmark only: the sample application takes no part in it. */
function compile() {
  const tsc = `${root}node_modules/.bin/tsc`;
  console.log('compiling   the library and the benchmark');
  run(tsc, ['-p', 'lib/tsconfig.json']);
  run(tsc, ['-p', 'bench/tsconfig.json']);
}

async function main() {
  ensureDependencies();
  if (!hasBroker()) ensurePrerequisites();
  compile();
  process.chdir(root);
  const { main: bench } = await import('../dist/bench/bench/main.js');
  return bench(process.argv.slice(2), { foreign: () => ensureDependencies(`${root}bench/foreign/`) });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
