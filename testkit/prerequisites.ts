import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromiumPath } from './chromium.js';
import { postgresPrograms } from './postgres-node.js';
import { RABBIT_SCRIPTS } from './rabbit-control.js';
import { newestRoot, programOf } from './release.js';

/** Not whatever python3 the PATH finds first: the distribution's library belongs to the distribution's Python. */
export const PYTHON = '/usr/bin/python3';

export interface Prerequisite {
  name: string;
  present(): boolean;
  /** Remedy when it is missing. */
  remedy: string;
}

export const rabbitmq: Prerequisite = {
  name: 'RabbitMQ',
  present: () => existsSync(`${newestRoot ?? ''}${RABBIT_SCRIPTS}/rabbitmq-server`),
  remedy:
    'apt-get install --no-install-recommends rabbitmq-server, or TEST_RABBIT_URL=rabbit://guest:guest@host:5672/ for a broker that runs already',
};

export const osloMessaging: Prerequisite = {
  name: 'Python with oslo.messaging and oslo.versionedobjects',
  present: () => {
    const { file, args, env } = programOf(
      newestRoot,
      PYTHON,
      ['-c', 'import oslo_messaging, oslo_versionedobjects'],
      {},
    );
    return spawnSync(file, args, { stdio: 'ignore', env }).status === 0;
  },
  remedy: 'apt-get install --no-install-recommends python3-oslo.messaging python3-oslo.versionedobjects',
};

export const postgresql: Prerequisite = {
  name: 'PostgreSQL',
  present: () => postgresPrograms() !== undefined,
  remedy: 'apt-get install --no-install-recommends postgresql',
};

export const chromium: Prerequisite = {
  name: 'Chromium',
  present: () => chromiumPath() !== undefined,
  remedy: 'apt-get install --no-install-recommends chromium, or CHROMIUM_PATH=… for one that is elsewhere',
};

export const prometheus: Prerequisite = {
  name: 'Prometheus',
  present: () => spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0,
  remedy: 'apt-get install --no-install-recommends prometheus',
};

/** True when it is there. Where it is not, a CI run fails and any other says which tests it will skip. */
export function ensurePresent(prerequisite: Prerequisite): boolean {
  if (prerequisite.present()) return true;
  const message = `${prerequisite.name} is missing. Get it by: ${prerequisite.remedy}`;
  if (process.env.CI === 'true') throw new Error(message);
  console.warn(`${message}\nThe tests that need it are skipped.`);
  return false;
}
