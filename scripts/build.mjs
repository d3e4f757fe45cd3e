import { chmodSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root, run } from './install.mjs';

/** Compiles the library, then what uses it as any package would: the sample application, and the examples if wanted. */
export function build({ examples = false } = {}) {
  ensureDependencies();
  const nest = `${root}node_modules/.bin/nest`;
  run(nest, ['build', 'lib']);
  // A process of its own: TypeScript may have been missing when this one started.
  run(process.execPath, ['scripts/common-js.mjs']);
  const command = `${root}dist/lib/cli/oslo-rpc.js`;
  if (existsSync(command)) chmodSync(command, 0o755);
  if (existsSync(`${root}sample-app/main.ts`)) run(nest, ['build', 'sample-app']);
  if (examples) run(`${root}node_modules/.bin/tsc`, ['-p', 'examples/tsconfig.json']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build({ examples: true });
