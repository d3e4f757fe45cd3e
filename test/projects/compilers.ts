import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CliProject, copyFiles } from './cli-project.js';
import { runCommand } from './commands.js';

/** Versions of TypeScript in test/compatibility, oldest first. */
export const COMPILERS = ['5.7', '5.8', '5.9', '6.0', '7'] as const;
type Compiler = (typeof COMPILERS)[number];

/** A kind of program: its package, and how its compiler resolves modules. */
export interface Kind {
  readonly cli: 11 | 12;
  readonly type: 'commonjs' | 'module';
  readonly module: string;
  readonly resolution: string;
  /** Versions that cannot compile such a program, whatever it imports. @default none */
  readonly without?: readonly Compiler[] | undefined;
}

const node16 = { module: 'node16', resolution: 'node16' };
const nodenext = { module: 'nodenext', resolution: 'nodenext' };
const bundler = { module: 'esnext', resolution: 'bundler' };

/** CommonJS programs with Nest 12, which is an ES module, need `nodenext` and TypeScript 5.8. */
export const KINDS: readonly Kind[] = [
  { cli: 11, type: 'commonjs', ...node16 },
  { cli: 11, type: 'commonjs', ...nodenext },
  { cli: 11, type: 'commonjs', module: 'commonjs', resolution: 'node10', without: ['6.0', '7'] },
  { cli: 11, type: 'module', ...node16 },
  { cli: 11, type: 'module', ...nodenext },
  { cli: 11, type: 'module', ...bundler },
  { cli: 12, type: 'commonjs', ...nodenext, without: ['5.7'] },
  { cli: 12, type: 'module', ...node16 },
  { cli: 12, type: 'module', ...nodenext },
  { cli: 12, type: 'module', ...bundler },
];

/** Adds the files to compile to a project. */
export async function addPrograms(project: CliProject): Promise<void> {
  for (const type of ['commonjs', 'module']) {
    await copyFiles('checks', join(project.folder, type));
    await writeFile(join(project.folder, type, 'package.json'), JSON.stringify({ private: true, type }));
  }
}

/** Compiles the programs strictly, the declarations of all packages included. Rejects with the errors. */
export function compile(compiler: Compiler, { type, module, resolution }: Kind, project: CliProject, root: string) {
  const tsc = join(root, `test/compatibility/node_modules/typescript-${compiler}/bin/tsc`);
  const strict = '--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --target ES2022 --types node';
  const decorators = '--experimentalDecorators --emitDecoratorMetadata';
  // Newer compilers ask for it where a tsconfig.json is above.
  const alone = compiler.startsWith('5') ? '' : '--ignoreConfig';
  const options = `${strict} ${decorators} ${alone} --module ${module} --moduleResolution ${resolution}`;
  const files = ['consumer.ts', 'metrics.ts', 'traces.ts'];
  return runCommand(process.execPath, [tsc, ...options.split(/ +/), ...files], { cwd: join(project.folder, type) });
}
