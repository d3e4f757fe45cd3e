// The library as it is packed, made from the compiled modules in dist/modules: dist/lib, an ES module, and dist/cjs, the same
// as CommonJS for Jest and other loaders that cannot require an ES module. A form is a few files, one for each entry point and
// one for each set of modules that entry points share or load on demand: a program loads faster from a few files than from
// hundreds, and they pack smaller. Names and lines stay readable.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import ts from 'typescript';
import { neededDeclarations } from './declarations.mjs';
import { withPureValues } from './pure-values.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = `${root}lib`;
const modules = `${root}dist/modules`;
const entries = Object.values(JSON.parse(readFileSync(`${root}scripts/entries.json`, 'utf8')));
const entryFiles = Object.fromEntries(entries.map((entry) => [entry, entry]));

/** Programs, which nobody imports, by their files. They are ES modules. The command starts the second, from beside it. */
const PROGRAMS = { 'cli/oslo-rpc': 'cli/oslo-rpc', 'chunks/server-process': 'cli/bench/server-process' };
/** Folder of the schematics, which Nest's CLI requires. There is no ES module of them, and nobody imports their types. */
const SCHEMATICS = 'schematics';

/** The entry of the package. */
const main = `${modules}/index.js`;
const isOfNest = (id) => id === main || id.startsWith(`${modules}/nest/`);

/**
 * Two files for what the entry loads, of which the command takes the one without Nest. Node.js takes about a millisecond for
 * each file, and bundlers need no smaller ones.
 */
const groups = [
  { name: 'library', test: (id) => !isOfNest(id) },
  { name: 'nest', test: isOfNest },
].map(({ name, test }) => ({
  debugName: name,
  name: (id, context) => (test(id) && withImports(main, context).has(id) ? name : null),
}));

/** A module, those that it imports, and those that these import; without what is loaded on demand. */
function withImports(module, context, found = new Set()) {
  if (found.has(module)) return found;
  found.add(module);
  for (const id of context.getModuleInfo(module)?.importedIds ?? []) withImports(id, context, found);
  return found;
}

/** Gives the bundler the compiled modules, each with its map, so that the maps of the bundle lead to the TypeScript. */
const compiled = {
  name: 'compiled modules',
  load: (id) => (id.startsWith(modules) ? { code: code(id), map: readFileSync(`${id}.map`, 'utf8') } : undefined),
  generateBundle(_options, files) {
    for (const file of Object.values(files)) if (file.type === 'chunk') file.code = inAscii(file.code);
  },
};

function code(file) {
  return withPureValues(readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''));
}

/** Escapes the few other characters, all in strings: V8 takes twice the memory for a source with any, and reads it slower. */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Names a file in stacks: by its module, or by the folder of most of its modules. */
function chunkName({ name, moduleIds, facadeModuleId }) {
  if (groups.some(({ debugName }) => debugName === name)) return name;
  // Has no module: it names the exports of one that is loaded on demand, and that is in a file with others.
  if (moduleIds.length === 0 && facadeModuleId) return basename(facadeModuleId, '.js');
  const paths = moduleIds.map((id) => relative(modules, id).split(sep));
  if (paths.length === 1) return basename(moduleIds[0], '.js');
  if (paths.length === 0) return 'shared';
  const folders = paths.map(([folder]) => folder);
  const count = (name) => folders.filter((folder) => folder === name).length;
  return folders.sort((one, other) => count(other) - count(one))[0];
}

/** Writes a form of the package. `files` are the modules of its files. */
async function bundle(files, target, format) {
  const input = Object.fromEntries(Object.entries(files).map(([file, module]) => [file, `${modules}/${module}.js`]));
  const bundled = await rolldown({
    input,
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    plugins: [compiled],
    // Packages may have an effect when they are loaded: reflect-metadata has.
    treeshake: { moduleSideEffects: (id, isPackage) => isPackage && !id.startsWith('node:') },
  });
  const { output } = await bundled.write({
    dir: target,
    format,
    entryFileNames: '[name].js',
    chunkFileNames: (chunk) => `chunks/${chunkName(chunk)}.js`,
    codeSplitting: { groups },
    comments: { annotation: true, legal: false, jsdoc: false },
    esModule: true,
    dynamicImportInCjs: false,
    // For the profiler and debuggers in this repository. Their files are not packed, since their sources are not.
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
  });
  await bundled.close();
  // A program awaits at its top level: a module that it loads then would wait for it, and never start.
  const awaited = Object.keys(PROGRAMS).map((file) => `${file}.js`);
  const waiting = output.filter(({ imports = [] }) => imports.some((file) => awaited.includes(file)));
  if (waiting.length > 0)
    throw new Error(`A program is imported by ${waiting.map(({ fileName }) => fileName).join(', ')}`);
  // Names of errors and of classes are part of messages, of logs and of what Python receives.
  const renamed = output.flatMap((chunk) =>
    chunk.type === 'chunk' ? (chunk.code.match(/\bclass \w+\$\d+/g) ?? []) : [],
  );
  if (renamed.length > 0) throw new Error(`Two classes of one name are in one file: ${renamed.join(', ')}`);
}

/** Writes the schematics file by file, and what they read: the collection, the schemas and the templates. */
function writeSchematics(target) {
  const { config } = ts.readConfigFile(`${sources}/tsconfig.json`, (path) => readFileSync(path, 'utf8'));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, sources);
  const compilerOptions = {
    ...options,
    module: ts.ModuleKind.CommonJS,
    verbatimModuleSyntax: false,
    sourceMap: false,
    declaration: false,
    removeComments: true,
  };
  cpSync(join(sources, SCHEMATICS), join(target, SCHEMATICS), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts'),
  });
  for (const file of readdirSync(join(sources, SCHEMATICS), { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(sources, SCHEMATICS, file), 'utf8'), {
      compilerOptions,
    });
    write(join(target, SCHEMATICS, file.replace(/\.ts$/, '.js')), outputText);
  }
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const [esModule, commonJs] = ['lib', 'cjs'].map((form) => `${root}dist/${form}`);
for (const target of [esModule, commonJs]) rmSync(target, { recursive: true, force: true });
await bundle({ ...entryFiles, ...PROGRAMS }, esModule, 'es');
await bundle(entryFiles, commonJs, 'cjs');
for (const [file, text] of neededDeclarations(modules, entries))
  for (const target of [esModule, commonJs]) write(join(target, relative(modules, file)), text);
writeSchematics(commonJs);
writeFileSync(join(commonJs, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
