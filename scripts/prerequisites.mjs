import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import process from 'node:process';

// The policy file keeps the packages from starting services of their own: each test run starts private ones. RUNLEVEL says
// the same to machines without systemd. The other file keeps PostgreSQL's package from creating a database.
const INSTALL = `
set -e
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
policy=/usr/sbin/policy-rc.d
databases=/etc/postgresql-common/createcluster.d/private.conf
[ -e "$policy" ] && policy=
trap 'rm -f $policy "$databases"' EXIT
trap 'exit 130' INT TERM
if [ -n "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
mkdir -p "$(dirname "$databases")"
echo 'create_main_cluster = false' > "$databases"
apt-get update
apt-get install -y --no-install-recommends "$@"
`;

/** Returns true when Python cannot import one of oslo's libraries. */
function lacks(name) {
  return spawnSync('/usr/bin/python3', ['-c', `import oslo_${name}`], { stdio: 'ignore' }).status !== 0;
}

function lacksPostgres() {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  return !versions.some((version) => existsSync(`${folder}/${version}/bin/initdb`));
}

/** Looks where `testkit/chromium.ts` looks. */
function lacksChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/bin'];
  return !process.env.CHROMIUM_PATH && !names.some((name) => folders.some((folder) => existsSync(`${folder}/${name}`)));
}

function lacksPrometheus() {
  return spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status !== 0;
}

function missing({ postgresql, chromium, prometheus }) {
  const packages = [];
  const given = process.env.TEST_RABBIT_URL;
  if (!given && !existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server')) packages.push('rabbitmq-server');
  // For the certificates of the TLS tests.
  if (spawnSync('openssl', ['version'], { stdio: 'ignore' }).status !== 0) packages.push('openssl');
  if (given !== 'none')
    packages.push(...['messaging', 'versionedobjects'].filter(lacks).map((name) => `python3-oslo.${name}`));
  if (postgresql && given !== 'none' && lacksPostgres()) packages.push('postgresql');
  if (chromium && lacksChromium()) packages.push('chromium');
  if (prometheus && lacksPrometheus()) packages.push('prometheus');
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
 * @param options.postgresql also provides PostgreSQL, for the example that stores notifications
 * @param options.chromium also provides Chromium, for the tests of the explorer's page
 * @param options.prometheus also provides Prometheus, for the tests of the alerts
 */
export function ensurePrerequisites(options = {}) {
  const wanted = missing(options);
  if (wanted.length === 0) return;
  const shell = rootShell();
  if (shell) {
    console.log(`Installing ${wanted.join(' and ')} …`);
    const [command, ...args] = shell;
    spawnSync(command, [...args, '-c', INSTALL, 'install', ...wanted], { stdio: 'inherit' });
  }
  const still = missing(options);
  if (still.length === 0) return;
  const remedy = `apt-get install --no-install-recommends ${still.join(' ')}`;
  const message = `Missing: ${still.join(', ')}. As root, on Debian or Ubuntu: ${remedy}. A broker that runs already can be named by TEST_RABBIT_URL.`;
  if (process.env.CI === 'true') throw new Error(message);
  console.warn(message);
}
