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

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = `${root}lib`;
const modules = `${root}dist/modules`;
const entries = Object.values(JSON.parse(readFileSync(`${root}scripts/entries.json`, 'utf8')));
const entryFiles = Object.fromEntries(entries.map((entry) => [entry, entry]));

/** Programs, which nobody imports, by their files. They are ES modules. The command starts the second, from beside it. */
const PROGRAMS = { 'cli/oslo-rpc': 'cli/oslo-rpc', 'chunks/server-process': 'cli/bench/server-process' };
/** Folder of the schematics, which Nest's CLI requires. There is no ES module of them, and nobody imports their types. */
const SCHEMATICS = 'schematics';

/** Gives the bundler the map of each compiled module, so that the maps of the bundle lead to the TypeScript. */
const withMaps = {
  name: 'maps of the compiled modules',
  load: (id) => (id.startsWith(modules) ? { code: code(id), map: readFileSync(`${id}.map`, 'utf8') } : undefined),
};

function code(file) {
  return readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
}

/** Names a file in stacks: by its module, or by the folder of most of its modules. */
function chunkName(moduleIds) {
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
    plugins: [withMaps],
    // The fields of package.json are for users, who import whole entry points.
    treeshake: { moduleSideEffects: true },
  });
  const { output } = await bundled.write({
    dir: target,
    format,
    entryFileNames: '[name].js',
    chunkFileNames: ({ moduleIds }) => `chunks/${chunkName(moduleIds)}.js`,
    comments: false,
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
