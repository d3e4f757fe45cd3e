import type { SchematicContext } from '@angular-devkit/schematics';
import { type ModuleEntry, withEntries } from '../module-file.js';
import { ask, leave, type Project, shown } from '../project.js';
import { core, nest } from '../toolkit.js';
import { programOf } from './program.js';

/** Path of a project's root module. */
export type ModulePath = string | undefined;

/**
 * Adds the module of this package to the root module of the program, unless a module of the project has it. Returns the
 * path of the root module, or undefined where there is none.
 */
export function addModule(project: Project, context: SchematicContext, topic: string): ModulePath {
  const root = rootModule(project);
  const lines = [
    'OsloMessagingModule.forRoot({',
    `  topic: '${topic}',`,
    '  // Without a URL: memory://, for this process alone.',
    '  transportUrl: process.env.TRANSPORT_URL,',
    '})',
  ];
  const configured = project.find(/\bOsloMessagingModule\s*\.\s*forRoot/);
  if (configured !== undefined) {
    const where = configured === root ? 'it has' : `${shown(configured)} has`;
    leave(context, root ?? configured, `${where} OsloMessagingModule.forRoot() already`);
    return root;
  }
  addToImports(project, context, root, { name: 'OsloMessagingModule', from: 'nestjs-oslo-messaging', lines });
  return root;
}

/** Adds a module to the imports of the root module, or asks the user to do so. */
export function addToImports(project: Project, context: SchematicContext, root: ModulePath, entry: ModuleEntry): void {
  const text = root === undefined ? undefined : project.read(root);
  const changed =
    text === undefined ? { reason: 'the root module was not found' } : withEntries(text, 'imports', [entry]);
  if (typeof changed === 'string') {
    if (root !== undefined) project.tree.overwrite(root, changed);
    return;
  }
  const { name, from, lines = [name] } = entry;
  const code = [
    `import { ${name} } from '${from}';`,
    '',
    'imports: [',
    ...lines.map((line, at) => `  ${line}${at === lines.length - 1 ? ',' : ''}`),
    ']',
  ];
  ask(context, root ?? project.path(), changed.reason, 'Add this to the root module by hand', code);
}

/** Finds the root module: the one that the program is made of, else the first one in the source root. */
function rootModule(project: Project): ModulePath {
  const named = programOf(project)?.rootModule;
  if (named && named.from === undefined) return project.entryFile;
  if (named?.from?.startsWith('.')) {
    const path = core.join(core.dirname(core.normalize(project.entryFile)), named.from.replace(/\.[cm]?js$/, ''));
    const found = [`${path}.ts`, `${path}/index.ts`].find((file) => project.tree.exists(file));
    if (found !== undefined) return found;
  }
  const inRoot = project.path('app.module.ts');
  if (project.tree.exists(inRoot)) return inRoot;
  return new nest.ModuleFinder(project.tree).find({ path: core.normalize(project.path()) }) ?? undefined;
}
