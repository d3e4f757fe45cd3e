import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies, root, run } from './install.mjs';

/** Compiles the library, then what uses it as any package would: the sample application, and the examples if wanted. */
export function build({ examples = false } = {}) {
  ensureDependencies();
  const nest = `${root}node_modules/.bin/nest`;
  run(nest, ['build', 'lib']);
  // A process of its own: TypeScript may have been missing when this one started.
  run(process.execPath, ['scripts/bundle.mjs']);
  run(process.execPath, ['scripts/explorer-page.mjs']);
  const command = `${root}dist/lib/cli/oslo-rpc.js`;
  if (existsSync(command)) chmodSync(command, 0o755);
  if (existsSync(`${root}sample-app/main.ts`)) run(nest, ['build', 'sample-app']);
  if (examples) run(`${root}node_modules/.bin/tsc`, ['-p', 'examples/tsconfig.json']);
}

function newestIn(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(({ name }) =>
    /\.(tsx?|json|css|html)$/.test(name),
  );
  return Math.max(0, ...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}

/** Builds unless the library and the compiled file are newer than their sources. */
export function ensureBuilt(file, folder, options) {
  const isFresh = ([built, sources]) =>
    existsSync(root + built) && statSync(root + built).mtimeMs > newestIn(root + sources);
  const parts = [
    ['dist/lib/index.js', 'lib'],
    [file, folder],
  ];
  if (!parts.every(isFresh)) build(options);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build({ examples: true });
