import { fileURLToPath } from 'node:url';
import { HostTree } from '@angular-devkit/schematics';
import { SchematicTestRunner, UnitTestTree } from '@angular-devkit/schematics/testing/index.js';

const COLLECTION = fileURLToPath(new URL('../../dist/cjs/schematics/collection.json', import.meta.url));

/** Source files, or files of a project, by path. */
export type Files = Readonly<Record<string, string>>;

/** Outcome of one schematic. */
export interface Result {
  readonly tree: UnitTestTree;
  /** Everything that it reported. */
  readonly log: string;
  /** Names of the tasks that it left: `node-package` installs packages. */
  readonly tasks: readonly string[];
}

/** Runs a schematic of the built collection on files in memory. */
export async function runSchematic(name: string, options: object, tree: UnitTestTree): Promise<Result> {
  const runner = new SchematicTestRunner('nestjs-oslo-messaging', COLLECTION);
  const log: string[] = [];
  runner.logger.subscribe(({ level, message }) => log.push(`${level}: ${message}`));
  const changed = await runner.runSchematic(name, options, tree);
  return { tree: changed, log: log.join('\n'), tasks: runner.tasks.map((task) => task.name) };
}

/** Returns a tree of files. */
export function treeOf(files: Files): UnitTestTree {
  const tree = new UnitTestTree(new HostTree());
  for (const [path, text] of Object.entries(files)) tree.create(path, text);
  return tree;
}

/** Returns the files of a tree. */
export function filesOf(tree: UnitTestTree): Record<string, string> {
  return Object.fromEntries(tree.files.map((path) => [path, tree.readContent(path)]));
}

/** Returns the files of a new project of Nest's CLI 11. */
export async function defaultProject(name = 'shop'): Promise<Files> {
  const runner = new SchematicTestRunner('nestjs-oslo-messaging', COLLECTION);
  const tree = await runner.runExternalSchematic('@nestjs/schematics', 'application', { name });
  return Object.fromEntries(tree.files.map((path) => [path.slice(path.indexOf('/', 1)), tree.readContent(path)]));
}
