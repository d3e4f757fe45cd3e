// The tests with the newest peers: RabbitMQ and oslo.messaging of Debian's unstable release, which is installed below a
// folder for that. TEST_NEWEST_ROOT names a folder that has it already. Further arguments are vitest's. As root, on Debian.
import { join } from 'node:path';
import { ensureDependencies, root as repository, run } from './install.mjs';
import { NEWEST, releaseFolder, sayVersions, withProc } from './release.mjs';

try {
  ensureDependencies();
  const root = releaseFolder(NEWEST);
  sayVersions(root);
  withProc(root, () => {
    const vitest = [join(repository, 'node_modules/vitest/vitest.mjs'), 'run', 'test/newest', ...process.argv.slice(2)];
    run(process.execPath, vitest, { env: { ...process.env, TEST_NEWEST_ROOT: root } });
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
