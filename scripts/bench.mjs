// The benchmark, from whatever state the clone is in: node scripts/bench.mjs [--quick] [--parts …] …, see --help
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

/** What the stored figures are taken on, whatever is installed here. */
const RUNTIME = `${root}test/runtimes/node_modules/node-24/bin/node`;
const RUNS_ON_ANY = ['--own-node', '--quick', '--documents', '--help', '-h'];

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

function ensureRuntimes() {
  try {
    ensureDependencies(`${root}test/runtimes/`);
  } catch (error) {
    throw new Error(`${error.message}; with --own-node the benchmark does without other versions of Node.js`);
  }
}

const ensureForeign = () => ensureDependencies(`${root}bench/foreign/`);

async function main(args) {
  ensureDependencies();
  if (!args.some((it) => RUNS_ON_ANY.includes(it))) {
    ensureRuntimes();
    const script = fileURLToPath(import.meta.url);
    return spawnSync(RUNTIME, [script, ...args, '--own-node'], { stdio: 'inherit' }).status ?? 1;
  }
  if (!hasBroker()) ensurePrerequisites();
  compile();
  process.chdir(root);
  const { main: bench } = await import('../dist/bench/bench/main.js');
  return bench(args, { foreign: ensureForeign, runtimes: ensureRuntimes });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
