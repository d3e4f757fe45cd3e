// Debian's other releases with newer peers, each below a folder of its own. As root, on Debian.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './install.mjs';

/** Release with the newest peers. */
export const NEWEST = 'sid';
const SUITES = ['trixie', NEWEST];
const PACKAGES = ['rabbitmq-server', 'python3-oslo.messaging', 'python3-oslo.versionedobjects'];
/** Packages that only the newest release has. */
const NEWEST_PACKAGES = ['python3-opentelemetry-sdk'];
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
export function withProc(root, work) {
  const proc = join(root, 'proc');
  const mounted = spawnSync('mountpoint', ['-q', proc]).status === 0;
  if (!mounted) run('mount', ['-t', 'proc', 'proc', proc]);
  try {
    return work();
  } finally {
    if (!mounted) run('umount', [proc]);
  }
}

function packagesOf(suite) {
  return suite === NEWEST ? [...PACKAGES, ...NEWEST_PACKAGES] : PACKAGES;
}

function inside(root, ...command) {
  run('chroot', [root, 'env', '-i', `PATH=${PATH}`, 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', ...command]);
}

/** Installs the release below the folder, which takes some minutes, unless that was done before. */
function install(suite, root) {
  const done = join(root, 'installed');
  const packages = packagesOf(suite);
  if (existsSync(done)) {
    complete(root, packages);
    return;
  }
  if (spawnSync('debootstrap', ['--version'], { stdio: 'ignore' }).status !== 0)
    run('apt-get', ['install', '-y', '--no-install-recommends', 'debootstrap']);
  console.log(`Installing Debian ${suite} below ${root} …`);
  // It fails where the order of packages is too hard for it; apt then finishes the work.
  spawnSync('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, ...mirror()], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  cpSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'), { dereference: true });
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  withProc(root, () => {
    inside(root, 'apt-get', '-y', '-f', 'install');
    inside(root, 'apt-get', '-y', 'install', '--no-install-recommends', ...packages);
  });
  writeFileSync(done, '');
}

/** Installs packages that a folder lacks because it was made before they were needed. */
function complete(root, packages) {
  const { status } = spawnSync('chroot', [root, 'dpkg-query', '-W', ...packages], { stdio: 'ignore' });
  if (status === 0) return;
  withProc(root, () => inside(root, 'apt-get', '-y', 'install', '--no-install-recommends', ...packages));
}

/**
 * Folder of a release: of a suite, which is installed when it is not there yet, or a folder that has one.
 * TEST_NEWEST_ROOT names a folder that has the newest suite already.
 */
export function releaseFolder(release) {
  const folder = folderOf(release);
  if (folder !== undefined) {
    if (existsSync(join(folder, 'usr/lib/rabbitmq/bin/rabbitmq-server'))) return folder;
    throw new Error(`No RabbitMQ in ${folder}: expected a folder with a Debian release, or ${SUITES.join(' or ')}`);
  }
  const name = release === NEWEST ? 'newest' : release;
  const root = join(tmpdir(), `nestjs-oslo-messaging-${name}`);
  install(release, root);
  return root;
}

function folderOf(release) {
  if (release === NEWEST) return process.env.TEST_NEWEST_ROOT;
  return SUITES.includes(release) ? undefined : resolve(release);
}

/** Prints the versions of the peers that a folder has. */
export function sayVersions(root) {
  const { stdout } = spawnSync('chroot', [root, 'dpkg-query', '-W', ...PACKAGES, ...NEWEST_PACKAGES], {
    encoding: 'utf8',
  });
  console.log(`Peers below ${root}:\n${stdout}`);
}
