import { chmodSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root, run } from './install.mjs';

/** Compiles the library, then the sample application, which uses it as any package would. */
export function build() {
  ensureDependencies();
  const nest = `${root}node_modules/.bin/nest`;
  run(nest, ['build', 'lib']);
  const command = `${root}dist/lib/cli/oslo-rpc.js`;
  if (existsSync(command)) chmodSync(command, 0o755);
  if (existsSync(`${root}sample-app/main.ts`)) run(nest, ['build', 'sample-app']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
