// The built package in the default projects of Nest's CLI, on several versions of Node.js, TypeScript, Nest and Jest:
// node scripts/compatibility.mjs [TEXT]. TEXT chooses the rows whose titles contain it.
import { build } from './build.mjs';
import { ensureDependencies, root, run } from './install.mjs';

try {
  build();
  for (const folder of ['test/runtimes/', 'test/compatibility/']) ensureDependencies(root + folder);
  const main = ['--import', `${root}test/support/typescript.mjs`, 'test/projects/main.ts'];
  run(process.execPath, [...main, ...process.argv.slice(2)]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
