import { chmodSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root, run } from './install.mjs';

/** Compiles a project into a folder that is emptied first, so that nothing of a deleted source is left in it. */
function compile(project, output) {
  rmSync(root + output, { recursive: true, force: true });
  run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${project}/tsconfig.json`]);
}

/** Compiles the library, then what uses it as any package would: the sample application, and the examples if wanted. */
export function build({ examples = false } = {}) {
  ensureDependencies();
  compile('lib', 'dist/lib');
  const command = `${root}dist/lib/cli/oslo-rpc.js`;
  if (existsSync(command)) chmodSync(command, 0o755);
  if (existsSync(`${root}sample-app/main.ts`)) compile('sample-app', 'dist/sample-app');
  if (examples) compile('examples', 'dist/examples');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build({ examples: true });
