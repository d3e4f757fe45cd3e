// Compares this library with the real Python one: node scripts/differential.mjs [--runs N] [--seed S] [--only I]
// Captures messages of the Python library anew into test/vectors: node scripts/differential.mjs vectors
import { cpSync } from 'node:fs';
import { ensureDependencies, root, run } from './install.mjs';
import { ensurePrerequisites } from './prerequisites.mjs';

const COMPILED = '../dist/differential/test/differential';

function compile() {
  const tsc = `${root}node_modules/.bin/tsc`;
  console.log('compiling   the library and the comparison');
  run(tsc, ['-p', 'lib/tsconfig.json']);
  run(tsc, ['-p', 'test/differential/tsconfig.json']);
  // The Python scripts stay beside the module that starts them.
  const scripts = 'test/support/python';
  cpSync(`${root}${scripts}`, `${root}dist/differential/${scripts}`, { recursive: true });
}

async function main(args) {
  ensureDependencies();
  ensurePrerequisites();
  compile();
  process.chdir(root);
  if (args[0] === 'vectors') {
    const { captureVectors } = await import(`${COMPILED}/capture-vectors.js`);
    await captureVectors();
    run(`${root}node_modules/.bin/biome`, ['format', '--write', 'test/vectors']);
    return 0;
  }
  const { main: compare } = await import(`${COMPILED}/main.js`);
  return compare(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
