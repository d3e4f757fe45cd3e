// Faults on purpose, from whatever state the clone is in: node scripts/chaos.mjs [--minutes N] [--seed S] [--rate N]
// [--broker trixie|sid|FOLDER] [--faults LIST]; see --help
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';
import { releaseFolder, sayVersions, withProc } from './release.mjs';

const args = process.argv.slice(2);

function runLab(env = process.env) {
  const lab = ['--import', `${root}test/support/typescript.mjs`, 'test/faults/lab/main.ts'];
  run(process.execPath, [...lab, ...args], { env });
}

try {
  // The lab itself checks the other arguments.
  const { values } = parseArgs({ args, options: { broker: { type: 'string' } }, strict: false });
  ensureDependencies();
  if (typeof values.broker === 'string') {
    const release = releaseFolder(values.broker);
    sayVersions(release);
    withProc(release, () => runLab({ ...process.env, TEST_NEWEST_ROOT: release }));
  } else {
    if (!existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')) ensurePrerequisites();
    runLab();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
