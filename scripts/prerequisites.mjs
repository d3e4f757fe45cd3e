import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

// The policy file keeps the package from starting a service of its own: each test run starts a private node. RUNLEVEL
// says the same to machines without systemd.
const INSTALL = `
set -e
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get update
apt-get install -y --no-install-recommends "$@"
`;

/** Returns true when Python cannot import one of oslo's libraries. */
function lacks(name) {
  return spawnSync('/usr/bin/python3', ['-c', `import oslo_${name}`], { stdio: 'ignore' }).status !== 0;
}

function missing() {
  const packages = [];
  const given = process.env.TEST_RABBIT_URL;
  if (!given && !existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')) packages.push('rabbitmq-server');
  // For the certificates of the TLS tests.
  if (spawnSync('openssl', ['version'], { stdio: 'ignore' }).status !== 0) packages.push('openssl');
  if (given !== 'none')
    packages.push(...['messaging', 'versionedobjects'].filter(lacks).map((name) => `python3-oslo.${name}`));
  return packages;
}

/** The way to a root shell, or undefined where there is none or the system is not Debian's kin. */
function rootShell() {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  if (process.getuid?.() === 0) return ['sh'];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n', 'sh'] : undefined;
}

/**
 * Provides RabbitMQ and Python's oslo.messaging and oslo.versionedobjects, the real counterparts that the tests talk to.
 * Where it cannot, it says what is missing; whether that is a failure or a skip is then for the tests' own set-up to
 * decide.
 */
export function ensurePrerequisites() {
  const wanted = missing();
  if (wanted.length === 0) return;
  const shell = rootShell();
  if (shell) {
    console.log(`Installing ${wanted.join(' and ')} …`);
    const [command, ...args] = shell;
    spawnSync(command, [...args, '-c', INSTALL, 'install', ...wanted], { stdio: 'inherit' });
  }
  const still = missing();
  if (still.length === 0) return;
  const remedy = `apt-get install --no-install-recommends ${still.join(' ')}`;
  const message = `Missing: ${still.join(', ')}. As root, on Debian or Ubuntu: ${remedy}. A broker that runs already can be named by TEST_RABBIT_URL.`;
  if (process.env.CI === 'true') throw new Error(message);
  console.warn(message);
}
