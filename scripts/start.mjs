// Starts the sample application from whatever state the clone is in: node scripts/start.mjs [role] [-- arguments]
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureDependencies, root } from './install.mjs';

ensureDependencies();
ensureBuilt('dist/sample-app/main.js', 'sample-app');

const separator = process.argv.indexOf('--', 2);
const args = process.argv.slice(2).filter((_, index) => index + 2 !== separator);
const child = spawn(process.execPath, [join(root, 'dist/sample-app/main.js'), ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
