// The CommonJS form of the built library, for Jest and other loaders that cannot require an ES module: dist/cjs. Each file
// is translated for itself, and its declarations are those of the ES module.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = `${root}lib`;
const declarations = `${root}dist/lib`;
const target = `${root}dist/cjs`;

/** Folder of the command, a program that nobody imports. It stays an ES module. */
const COMMAND = 'cli';
/** Folder of the explorer's page, which browsers load from `dist/lib`. */
const PAGE = 'explorer/page';
/** Folder of the schematics, which Nest's CLI requires. There is no ES module of them, and nobody imports their types. */
const SCHEMATICS = 'schematics';

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

rmSync(target, { recursive: true, force: true });
for (const file of readdirSync(sources, { recursive: true })) {
  if (!file.endsWith('.ts') || file.startsWith(COMMAND) || file.startsWith(PAGE)) continue;
  const name = file.slice(0, -'.ts'.length);
  mkdirSync(dirname(join(target, file)), { recursive: true });
  // CommonJS has its own name for the folder of a file.
  const source = readFileSync(join(sources, file), 'utf8').replaceAll('import.meta.dirname', '__dirname');
  const { outputText } = ts.transpileModule(source, { compilerOptions });
  writeFileSync(join(target, `${name}.js`), outputText);
  if (!file.startsWith(SCHEMATICS)) cpSync(join(declarations, `${name}.d.ts`), join(target, `${name}.d.ts`));
}
// The collection, the schemas and the templates of files.
cpSync(join(sources, SCHEMATICS), join(target, SCHEMATICS), {
  recursive: true,
  filter: (path) => !path.endsWith('.ts'),
});
writeFileSync(join(target, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
