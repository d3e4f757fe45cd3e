// The conformance kit on both reference servers, from whatever state the clone is in: node scripts/conformance.mjs
// [--write]. "serve --url … --topic … --server …" runs our reference server instead.
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

function compile() {
  const tsc = `${root}node_modules/.bin/tsc`;
  run(tsc, ['-p', 'lib/tsconfig.json']);
  run(tsc, ['-p', 'conformance/tsconfig.json']);
}

async function main([first, ...rest]) {
  ensureDependencies();
  if (first !== 'serve') ensurePrerequisites();
  compile();
  process.chdir(root);
  if (first === 'serve') {
    process.argv.splice(2, 1);
    await import('../dist/conformance/conformance/serve.js');
    return process.exitCode;
  }
  const { main: compare } = await import('../dist/conformance/conformance/main.js');
  return compare(first === undefined ? [] : [first, ...rest]);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
