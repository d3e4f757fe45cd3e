// Starts the sample application from whatever state the clone is in: node scripts/start.mjs [role] [-- arguments]
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureDependencies, root } from './install.mjs';

function newestIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}

function isStale() {
  const built = ['dist/lib/index.js', 'dist/sample-app/main.js'].map((file) => root + file);
  if (!built.every((file) => existsSync(file))) return true;
  const oldest = Math.min(...built.map((file) => statSync(file).mtimeMs));
  return ['lib', 'sample-app'].some((folder) => newestIn(root + folder) > oldest);
}

ensureDependencies();
if (isStale()) build();

const separator = process.argv.indexOf('--', 2);
const args = process.argv.slice(2).filter((_, index) => index + 2 !== separator);
const child = spawn(process.execPath, [join(root, 'dist/sample-app/main.js'), ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
