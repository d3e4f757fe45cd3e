import type { DirEntry, SchematicContext, Tree } from '@angular-devkit/schematics';
import { checkedWord } from './checks.js';
import { core, devkit } from './toolkit.js';

/** Fields of a package.json that the schematics read or write. */
interface Manifest {
  name?: string;
  type?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Part of a nest-cli.json. */
interface CliConfiguration {
  language?: string;
  entryFile?: string;
  projects?: Record<string, { sourceRoot?: string; entryFile?: string }>;
}

const MANIFEST = '/package.json';

/** Folders that hold no sources of a project. */
const FOREIGN = new Set<string>(['node_modules', 'dist', '.git']);
/** Comment of whole lines. */
const COMMENT = /^[ \t]*(?:\/\/.*|\/\*[\s\S]*?\*\/)/gm;
/** Import of a test. */
const TEST = /['"](@nestjs\/testing|nestjs-oslo-messaging\/testing)['"]/;

/** Project of Nest's CLI: its settings, and the tree of its files. */
export class Project {
  private readonly manifest: Manifest;
  private readonly cli: CliConfiguration;

  /**
   * @param sourceRoot folder of the sources, relative to the folder of the package.json
   * @throws SchematicsException outside of a project
   */
  constructor(
    readonly tree: Tree,
    readonly sourceRoot: string,
  ) {
    if (!tree.exists(MANIFEST))
      throw new devkit.SchematicsException(
        'No package.json in this folder: run the command in the folder of a project',
      );
    this.manifest = tree.readJson(MANIFEST) as Manifest;
    this.cli = tree.exists('/nest-cli.json') ? (tree.readJson('/nest-cli.json') as CliConfiguration) : {};
    if (tree.getDir(this.path()).subfiles.length + tree.getDir(this.path()).subdirs.length === 0)
      throw new devkit.SchematicsException(`No files in the source root ${JSON.stringify(sourceRoot)} of the project`);
  }

  /** Suffix of relative imports: ES modules name the compiled file. */
  get importSuffix(): '' | '.js' {
    return this.manifest.type === 'module' ? '.js' : '';
  }

  /** Module that tests import `it` and `expect` from; undefined where they are globals, as in a default project. */
  get testImport(): string | undefined {
    if (this.lists('vitest')) return this.read('/tsconfig.json')?.includes('vitest/globals') ? undefined : 'vitest';
    return this.lists('@jest/globals') && !this.lists('@types/jest') ? '@jest/globals' : undefined;
  }

  /** True for a project in JavaScript. */
  get isJavaScript(): boolean {
    return this.cli.language === 'js';
  }

  /** Path of a file of the source root, or of the source root. */
  path(file = ''): string {
    return core.join(core.normalize(`/${this.sourceRoot}`), file);
  }

  /** Path of the program's entry file. */
  get entryFile(): string {
    return this.path(`${this.application?.[1].entryFile ?? this.cli.entryFile ?? 'main'}.ts`);
  }

  /**
   * Topic for an application: the name of its project in a monorepo, else of its package.
   * @throws SchematicsException without a name
   */
  get topic(): string {
    const name = this.application?.[0] ?? this.manifest.name?.replace(/^@[^/]*\//, '');
    const topic = name?.replace(/[^\w.:-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
    if (!topic) throw new devkit.SchematicsException('topic: package.json has no name to take it from; give --topic');
    return checkedWord('topic', topic) ?? topic;
  }

  /** True for a package that package.json lists. */
  lists(name: string): boolean {
    return this.rangeOf(name) !== undefined;
  }

  /** Range of a package in package.json. */
  rangeOf(name: string): string | undefined {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = this.manifest;
    const lists = [dependencies, devDependencies, optionalDependencies, peerDependencies];
    return lists.map((list) => list?.[name]).find((range) => range !== undefined);
  }

  /** Major version of Nest: of the installed one, or of its range. */
  get nestVersion(): number | undefined {
    const installed = '/node_modules/@nestjs/core/package.json';
    const { version } = this.tree.exists(installed) ? (this.tree.readJson(installed) as { version?: string }) : {};
    const [major] = /\d+/.exec(version ?? this.rangeOf('@nestjs/core') ?? '') ?? [];
    return major === undefined ? undefined : Number(major);
  }

  /** Adds packages to the dependencies, in their order by name. Returns the names of those that were not listed. */
  addDependencies(ranges: Readonly<Record<string, string>>): string[] {
    const added = Object.keys(ranges).filter((name) => !this.lists(name));
    if (added.length === 0) return added;
    const text = this.tree.readText(MANIFEST);
    const manifest = JSON.parse(text) as Manifest;
    const all = { ...manifest.dependencies, ...Object.fromEntries(added.map((name) => [name, ranges[name] ?? '*'])) };
    manifest.dependencies = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    const [indentation = '  '] = /^[ \t]+(?=")/m.exec(text) ?? [];
    const written = `${JSON.stringify(manifest, null, indentation)}\n`;
    this.tree.overwrite(MANIFEST, text.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written);
    return added;
  }

  /** Text of a file, or undefined when there is none. */
  read(path: string): string | undefined {
    return this.tree.exists(path) ? this.tree.readText(path) : undefined;
  }

  /** Path of the first source file, besides tests, whose text matches. */
  find(pattern: RegExp): string | undefined {
    const search = (folder: DirEntry): string | undefined => {
      for (const file of folder.subfiles) {
        const path = core.join(folder.path, file);
        if (!file.endsWith('.ts')) continue;
        const text = this.tree.readText(path);
        if (pattern.test(text.replace(COMMENT, '')) && !TEST.test(text)) return path;
      }
      for (const name of folder.subdirs) {
        const found = FOREIGN.has(name) ? undefined : search(folder.dir(name));
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return search(this.tree.getDir(this.path()));
  }

  /** Project of a monorepo that has the source root, with its name. */
  private get application() {
    return Object.entries(this.cli.projects ?? {}).find(([, { sourceRoot }]) => sourceRoot === this.sourceRoot);
  }
}

/** Path as a user writes it: relative to the folder of the project. */
export const shown = (path: string): string => path.replace(/^\//, '');

/** Reports a file that is left as it is, in one line. */
export function leave(context: SchematicContext, path: string, reason: string): void {
  context.logger.info(`${shown(path)}: left as it is, because ${reason}`);
}

/** Reports what the user has to add, with the code. */
export function ask(
  context: SchematicContext,
  path: string,
  reason: string,
  todo: string,
  lines: readonly string[],
): void {
  const code = lines.map((line) => (line === '' ? '' : `    ${line}`)).join('\n');
  context.logger.warn(`${shown(path)}: left as it is, because ${reason}. ${todo}:\n\n${code}\n`);
}
