// Runs the benchmark from any state of the clone: node scripts/bench.mjs [--quick] [--parts LIST] …; see --help
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

/** Version of Node.js of the stored figures. */
const RUNTIME = '24';
const RUNS_ON_ANY = ['--quick', '--documents', '--help', '-h'];

const ensureRuntimes = () => ensureDependencies(`${root}test/runtimes/`);
const ensureForeign = () => ensureDependencies(`${root}bench/foreign/`);

function hasBroker() {
  return existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server');
}

/** Compiles the library and the benchmark, but not the sample application. */
function compile() {
  const tsc = `${root}node_modules/.bin/tsc`;
  console.log('compiling   the library and the benchmark');
  run(tsc, ['-p', 'lib/tsconfig.json']);
  for (const script of ['bundle', 'explorer-page']) run(process.execPath, [`scripts/${script}.mjs`]);
  run(tsc, ['-p', 'bench/tsconfig.json']);
}

async function main(args) {
  ensureDependencies();
  if (!args.some((it) => RUNS_ON_ANY.includes(it)) && !process.version.startsWith(`v${RUNTIME}.`)) {
    ensureRuntimes();
    const program = `${root}test/runtimes/node_modules/node-${RUNTIME}/bin/node`;
    return spawnSync(program, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' }).status ?? 1;
  }
  if (!args.includes('--documents') && !hasBroker()) ensurePrerequisites();
  ensureDependencies(`${root}bench/`);
  compile();
  process.chdir(root);
  const { main: bench } = await import('../bench/dist/bench/main.js');
  return bench(args, { foreign: ensureForeign, runtimes: ensureRuntimes });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
