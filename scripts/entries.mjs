// Writes the entry points of the package, a table in entries.json (import path: source file below lib/), into the files that
// repeat them: node scripts/entries.mjs. With --check it only says which files differ; a test does that.
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { root, run } from './install.mjs';

const PACKAGE = 'nestjs-oslo-messaging';
const entries = Object.entries(read('scripts/entries.json')).map(([path, file]) => ({ path, file }));
const main = entries.find(({ path }) => path === PACKAGE);
const others = entries.filter((entry) => entry !== main);

function read(file) {
  return JSON.parse(readFileSync(root + file, 'utf8'));
}

/**
 * Returns the conditional exports of a source file. Node.js (`module-sync`) and bundlers (`module`) take the ES module for
 * `import` and for `require`, so that a program has one copy. `require` is for what cannot load an ES module that way: Jest,
 * and tools that resolve as older versions of Node.js did.
 */
function conditionsOf(file) {
  return {
    'module-sync': `./dist/lib/${file}.js`,
    module: `./dist/lib/${file}.js`,
    require: { types: `./dist/cjs/${file}.d.ts`, default: `./dist/cjs/${file}.js` },
    default: { types: `./dist/lib/${file}.d.ts`, default: `./dist/lib/${file}.js` },
  };
}

/** Fields by file. `main`, `types` and `typesVersions` are for tools that ignore `exports`. */
const fields = {
  'package.json': {
    exports: {
      ...Object.fromEntries(entries.map(({ path, file }) => [path.replace(PACKAGE, '.'), conditionsOf(file)])),
      './package.json': './package.json',
    },
    main: `./dist/cjs/${main.file}.js`,
    types: `./dist/cjs/${main.file}.d.ts`,
    typesVersions: {
      '*': Object.fromEntries(
        others.map(({ path, file }) => [path.slice(PACKAGE.length + 1), [`./dist/cjs/${file}.d.ts`]]),
      ),
    },
  },
  'typedoc.json': { entryPoints: entries.map(({ file }) => `lib/${file}.ts`) },
  'tsconfig.json': {
    compilerOptions: {
      ...read('tsconfig.json').compilerOptions,
      paths: Object.fromEntries(entries.map(({ path, file }) => [path, [`./lib/${file}.ts`]])),
    },
  },
};

const wanted = Object.entries(fields).map(([file, own]) => ({
  file,
  now: read(file),
  next: { ...read(file), ...own },
}));
const different = wanted.filter(({ now, next }) => !isDeepStrictEqual(now, next));
if (process.argv.includes('--check')) {
  for (const { file } of different)
    console.error(`${file} differs from scripts/entries.json: node scripts/entries.mjs`);
  process.exitCode = different.length === 0 ? 0 : 1;
} else {
  for (const { file, next } of different) writeFileSync(root + file, `${JSON.stringify(next, null, 2)}\n`);
  run(`${root}node_modules/.bin/biome`, ['format', '--write', ...Object.keys(fields)]);
}
