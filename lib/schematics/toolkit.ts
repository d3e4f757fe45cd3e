import { createRequire } from 'node:module';
import type * as Core from '@angular-devkit/core';
import type * as Schematics from '@angular-devkit/schematics';
import type * as Tasks from '@angular-devkit/schematics/tasks';
import type * as TypeScript from 'typescript';

type Path = Core.Path;

/** Parts of Nest's schematics that are used. They are the same in versions 11 and 12; the types of version 11 need its devkit. */
interface NestSchematics {
  readonly MetadataManager: new (text: string) => { insert(list: string, entry: string): string | undefined };
  readonly ModuleFinder: new (tree: Schematics.Tree) => { find(options: { path: Path }): Path | null };
  readonly NameParser: new () => { parse(options: { name: string; path: string }): { name: string; path: Path } };
  readonly PathSolver: new () => { relative(from: Path, to: Path): string };
  /** Since 11.1. */
  formatFiles?(): Schematics.Rule;
  mergeSourceRoot(options: { sourceRoot: string; path: string }): (tree: Schematics.Tree) => unknown;
  normalizeToKebabOrSnakeCase(text: string): string;
}

/**
 * Returns the path of the project's `@nestjs/schematics`, which each project of Nest's CLI has. It is an optional peer of
 * this package; a CLI that is installed globally brings its own.
 */
function nestSchematics(): string {
  const paths = [__dirname, process.cwd(), ...(require.main?.paths ?? [])];
  try {
    return require.resolve('@nestjs/schematics', { paths });
  } catch (error) {
    throw new Error(
      'The schematics of nestjs-oslo-messaging need @nestjs/schematics: npm install --save-dev @nestjs/schematics',
      { cause: error },
    );
  }
}

// The devkit and the compiler are dependencies of Nest's schematics, not of a project. Where packages reach only what they
// declare (pnpm, Yarn), they are found from there alone.
const path = nestSchematics();
const load = createRequire(path);

/** Nest's own schematics. */
export const nest = load(path) as NestSchematics;
/** Rules, sources and trees. */
export const devkit = load('@angular-devkit/schematics') as typeof Schematics;
/** Paths and strings. */
export const core = load('@angular-devkit/core') as typeof Core;
/** Tasks that run after the files are written. */
export const tasks = load('@angular-devkit/schematics/tasks') as typeof Tasks;
/** Compiler of the project, as a parser. */
export const typescript = load('typescript') as typeof TypeScript;
