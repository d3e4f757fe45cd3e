// The tests with the newest peers: RabbitMQ and oslo.messaging of Debian's unstable release, which is installed below a
// folder for that. TEST_NEWEST_ROOT names a folder that has it already. Further arguments are vitest's. As root, on Debian.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies, root as repository, run } from './install.mjs';

const SUITE = 'sid';
const PACKAGES = ['rabbitmq-server', 'python3-oslo.messaging', 'python3-oslo.versionedobjects'];
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Package mirror of this machine; none where debootstrap's own default has to do. */
function mirror() {
  const lists = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
  for (const list of lists.filter((file) => existsSync(file))) {
    const [found] = readFileSync(list, 'utf8').match(/https?:\/\/\S+\/debian\/?(?=\s)/) ?? [];
    if (found) return [found];
  }
  return [];
}

/** Calls the work with /proc mounted inside, and leaves it as it was. */
function withProc(root, work) {
  const proc = join(root, 'proc');
  const mounted = spawnSync('mountpoint', ['-q', proc]).status === 0;
  if (!mounted) run('mount', ['-t', 'proc', 'proc', proc]);
  try {
    return work();
  } finally {
    if (!mounted) run('umount', [proc]);
  }
}

function inside(root, ...command) {
  run('chroot', [root, 'env', '-i', `PATH=${PATH}`, 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', ...command]);
}

/** Installs the release below the folder, which takes some minutes, unless that was done before. */
function install(root) {
  const done = join(root, 'installed');
  if (existsSync(done)) return;
  if (spawnSync('debootstrap', ['--version'], { stdio: 'ignore' }).status !== 0)
    run('apt-get', ['install', '-y', '--no-install-recommends', 'debootstrap']);
  console.log(`Installing Debian ${SUITE} below ${root} …`);
  // It fails where the order of packages is too hard for it; apt then finishes the work.
  spawnSync('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, root, ...mirror()], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  cpSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'), { dereference: true });
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  withProc(root, () => {
    inside(root, 'apt-get', '-y', '-f', 'install');
    inside(root, 'apt-get', '-y', 'install', '--no-install-recommends', ...PACKAGES);
  });
  writeFileSync(done, '');
}

function sayVersions(root) {
  const { stdout } = spawnSync('chroot', [root, 'dpkg-query', '-W', ...PACKAGES], {
    encoding: 'utf8',
  });
  console.log(`Newest peers:\n${stdout}`);
}

try {
  ensureDependencies();
  const given = process.env.TEST_NEWEST_ROOT;
  const root = given ?? join(tmpdir(), 'nestjs-oslo-messaging-newest');
  if (!given) install(root);
  sayVersions(root);
  withProc(root, () => {
    const vitest = [join(repository, 'node_modules/vitest/vitest.mjs'), 'run', 'test/newest', ...process.argv.slice(2)];
    run(process.execPath, vitest, { env: { ...process.env, TEST_NEWEST_ROOT: root } });
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
