import type { Rule, SchematicContext, Tree } from '@angular-devkit/schematics';
import { checkedName, checkedSymbol } from './checks.js';
import { withEntries } from './module-file.js';
import { ask, Project, shown } from './project.js';
import { core, devkit, nest } from './toolkit.js';

/** Options of a generated endpoint: those of Nest's own generators. */
export interface EndpointOptions {
  /** A number from the CLI, for a name of digits. */
  readonly name: string | number;
  readonly path?: string | undefined;
  readonly sourceRoot?: string | undefined;
  readonly language?: string | undefined;
  readonly flat: boolean;
  readonly spec: boolean;
  readonly specFileSuffix: string;
  readonly skipImport: boolean;
  readonly format: boolean;
}

/** Kind of a generated endpoint, and its values for the templates. */
export interface EndpointKind {
  /** End of the file's name. */
  readonly type: string;
  /** Decorator of the class. */
  readonly decorator: string;
  /** Further values of the templates, by name. */
  values(name: string): Readonly<Record<string, unknown>>;
}

/** Returns the rule that writes an endpoint and its test, and registers it in the nearest module. */
export function endpoint(options: EndpointOptions, kind: EndpointKind): Rule {
  return (tree, context) => {
    if (options.language === 'js')
      throw new devkit.SchematicsException(
        'language: expected ts; endpoints need the decorators of TypeScript, got js',
      );
    const project = new Project(tree, options.sourceRoot ?? 'src');
    const { name, folder } = locate(options, tree);
    const { importSuffix, testImport } = project;
    const file = core.join(core.normalize(folder), `${name}.${kind.type}.ts`);
    const specFileSuffix = nest.normalizeToKebabOrSnakeCase(options.specFileSuffix);
    const test = file.replace(/ts$/, `${specFileSuffix}.ts`);
    const taken = (options.spec ? [file, test] : [file]).find((path) => tree.exists(path));
    if (taken !== undefined) throw new devkit.SchematicsException(`name: ${shown(taken)} exists already`);
    const symbol = checkedSymbol(core.strings.classify(`${name}-${kind.type}`), kind.decorator);
    const files = devkit.apply(devkit.url('./files'), [
      devkit.filter((path) => options.spec || !path.includes('__specFileSuffix__')),
      devkit.applyTemplates({
        ...kind.values(name),
        name,
        symbol,
        importSuffix,
        testImport,
        specFileSuffix,
      }),
      devkit.move(folder),
    ]);
    return devkit.chain([
      devkit.mergeWith(files),
      () => (options.skipImport ? undefined : register(project, context, folder, `${name}.${kind.type}`, symbol)),
      (options.format ? nest.formatFiles?.() : undefined) ?? devkit.noop(),
    ]);
  };
}

/** Name and folder of the files, as Nest's own generators choose them. */
function locate(options: EndpointOptions, tree: Tree) {
  if (`${options.path ?? ''}/${options.name}`.split('/').includes('..'))
    throw new devkit.SchematicsException('name, path: expected a folder in the source root; got ..');
  const location = new nest.NameParser().parse({ name: String(options.name), path: options.path ?? '' });
  const name = checkedName(nest.normalizeToKebabOrSnakeCase(location.name));
  const place = { sourceRoot: options.sourceRoot ?? 'src', path: nest.normalizeToKebabOrSnakeCase(location.path) };
  nest.mergeSourceRoot(place)(tree);
  const folder = core.normalize(`/${place.path}`);
  return { name, folder: options.flat ? folder : core.join(folder, name) };
}

/** Adds the endpoint to the controllers of the nearest module, or asks the user to do so. */
function register(project: Project, context: SchematicContext, folder: string, file: string, symbol: string): void {
  const { tree, importSuffix } = project;
  const path = core.normalize(folder);
  const module = new nest.ModuleFinder(tree).find({ path });
  const from = module ?? core.join(core.normalize(project.path()), 'app.module.ts');
  const specifier = `${new nest.PathSolver().relative(core.normalize(from), core.join(path, file))}${importSuffix}`;
  const changed = module
    ? withEntries(tree.readText(module), 'controllers', [{ name: symbol, from: specifier }])
    : { reason: 'no module was found' };
  if (module && typeof changed === 'string') tree.overwrite(module, changed);
  else if (typeof changed !== 'string')
    ask(context, from, changed.reason, `List ${symbol} in a module by hand`, [
      `import { ${symbol} } from '${specifier}';`,
      '',
      `controllers: [${symbol}],`,
    ]);
  if (project.find(/\bOsloMessagingModule\s*\.\s*forRoot/) === undefined)
    context.logger.warn(
      `${shown(project.path())}: no module has OsloMessagingModule.forRoot() yet, so that ${symbol} is not served. To add it: nest g -c nestjs-oslo-messaging nest-add`,
    );
}
