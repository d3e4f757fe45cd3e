// The suites with newer peers, on one node and on a cluster: node scripts/peers.mjs trixie|sid|FOLDER [--only LIST]
// As root, on Debian.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { ensureDependencies, root as repository } from './install.mjs';
import { releaseFolder, sayVersions, withProc } from './release.mjs';

const USAGE = `npm run test:peers -- RELEASE [--only LIST]

  RELEASE      Debian's "trixie" or "sid", installed below a temporary folder, or a folder that has a release; as root
  --only LIST  these steps alone, separated by commas: suites, conformance, options, lab
`;

const node = (...args) => [process.execPath, ...args];
const typescript = (file, ...args) => node('--import', './test/support/typescript.mjs', file, ...args);
const SUITES = ['contract', 'interop', 'differential', 'integration/cli/conformance-kit'].map((name) => `test/${name}`);

/** Setting without which a cluster elects for longer than the lab lets a client wait. */
const FAST_ELECTION = 'raft.adaptive_failure_detector.poll_interval = 1000';

/** Nodes of RabbitMQ 4.0 that were cut off do not find together again by themselves; later releases ignore the setting. */
const REUNITED = 'cluster_partition_handling = pause_minority';

/** Commands of each step. The lab has a cluster of its own. */
const STEPS = {
  suites: () => node('node_modules/vitest/vitest.mjs', 'run', ...SUITES),
  conformance: () => node('scripts/conformance.mjs'),
  options: () => typescript('test/peers/main.ts'),
  lab: (release) =>
    node('scripts/chaos.mjs', '--broker', release, '--faults', 'all', '--config', FAST_ELECTION, '--config', REUNITED),
};

function carryOut(name, release, nodes) {
  const [file, ...args] = STEPS[name](release);
  const env = { ...process.env, CI: 'true', TEST_NEWEST_ROOT: release, TEST_CLUSTER_NODES: String(nodes) };
  console.log(`\n${name}, ${nodes === 1 ? 'one node' : `${nodes} nodes`}\n`);
  const begin = performance.now();
  const { status } = spawnSync(file, args, { cwd: repository, stdio: 'inherit', env });
  return {
    step: `${name}, nodes: ${nodes}`,
    passed: status === 0,
    seconds: Math.round((performance.now() - begin) / 1000),
  };
}

function main(given) {
  const { positionals, values } = parseArgs({
    args: given,
    allowPositionals: true,
    options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [release, ...more] = positionals;
  const chosen = values.only?.split(',') ?? Object.keys(STEPS);
  const unknown = chosen.find((name) => !Object.hasOwn(STEPS, name));
  if (unknown !== undefined) throw new Error(`--only: '${unknown}' is not among ${Object.keys(STEPS).join(', ')}`);
  if (release === undefined || more.length > 0) throw new Error(`Expected one release\n\n${USAGE}`);
  ensureDependencies();
  const folder = releaseFolder(release);
  sayVersions(folder);
  build({ examples: true });
  const outcomes = withProc(folder, () =>
    chosen.flatMap((name) => (name === 'lab' ? [3] : [1, 3]).map((nodes) => carryOut(name, folder, nodes))),
  );
  console.table(outcomes);
  return outcomes.every(({ passed }) => passed) ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
