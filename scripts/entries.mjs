// Entry points of the package. `node scripts/entries.mjs` writes them into package.json and tsconfig.json; a test compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Source file below lib/, without its extension, of each import path. */
export const ENTRIES = {
  'nestjs-oslo-messaging': 'index',
  'nestjs-oslo-messaging/prometheus': 'observability/prometheus',
};

const files = Object.entries(ENTRIES).map(([path, file]) => [path.replace('nestjs-oslo-messaging', '.'), file]);

/**
 * Conditional exports of a source file. Node.js (`module-sync`) and bundlers (`module`) take the ES module for `import` and
 * for `require`, so that one program has one copy. `require` is for what cannot load an ES module that way: Jest, tools on
 * the rules of older versions of Node.js.
 */
function conditionsOf(file) {
  return {
    'module-sync': `./dist/lib/${file}.js`,
    module: `./dist/lib/${file}.js`,
    require: { types: `./dist/cjs/${file}.d.ts`, default: `./dist/cjs/${file}.js` },
    default: { types: `./dist/lib/${file}.d.ts`, default: `./dist/lib/${file}.js` },
  };
}

/** Fields of package.json that depend on the entries. `main`, `types` and `typesVersions` are for what ignores `exports`. */
export function packageFields() {
  const others = files.filter(([path]) => path !== '.');
  return {
    exports: {
      ...Object.fromEntries(files.map(([path, file]) => [path, conditionsOf(file)])),
      './package.json': './package.json',
    },
    main: `./dist/cjs/${ENTRIES['nestjs-oslo-messaging']}.js`,
    types: `./dist/cjs/${ENTRIES['nestjs-oslo-messaging']}.d.ts`,
    typesVersions: {
      '*': Object.fromEntries(others.map(([path, file]) => [path.slice(2), [`./dist/cjs/${file}.d.ts`]])),
    },
  };
}

/** `paths` of tsconfig.json, by which this repository imports its own package. */
export function sourcePaths() {
  return Object.fromEntries(Object.entries(ENTRIES).map(([path, file]) => [path, [`./lib/${file}.ts`]]));
}

function write() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  writeFileSync(`${root}package.json`, `${JSON.stringify({ ...manifest, ...packageFields() }, null, 2)}\n`);
  const config = readFileSync(`${root}tsconfig.json`, 'utf8');
  const lines = Object.entries(sourcePaths()).map(([path, [file]]) => `      "${path}": ["${file}"]`);
  writeFileSync(
    `${root}tsconfig.json`,
    config.replace(/("paths": \{\n)[^}]*?(\n {4}\})/, (_, start, end) => start + lines.join(',\n') + end),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write();
