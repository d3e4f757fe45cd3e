import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command in the repository, with its output shown; throws when it fails. */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status ?? signal}`);
}

/** Installs a package's dependencies when there are none, or when its lock file has changed since. */
export function ensureDependencies(folder = root) {
  const lock = `${folder}package-lock.json`;
  const installed = `${folder}node_modules/.package-lock.json`;
  if (existsSync(installed) && !(existsSync(lock) && statSync(lock).mtimeMs > statSync(installed).mtimeMs)) return;
  console.log('Installing the dependencies …');
  run('npm', [existsSync(lock) ? 'ci' : 'install'], { cwd: folder });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureDependencies();
