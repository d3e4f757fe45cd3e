import { join } from 'node:path';
import { ANSWER, type CliProject, type CliVersion, type InstallOptions } from './cli-project.js';
import { runCommand } from './commands.js';

/** A way to set up, and to run, a default project. */
export interface Variant extends InstallOptions {
  readonly title: string;
  readonly cli: CliVersion;
  /** Version of Node.js. @default the one of this process */
  readonly node?: string | undefined;
  /** Builder of `nest build`. @default the one of the project */
  readonly builder?: string | undefined;
}

const nest = (version: string) =>
  ['common', 'core', 'microservices', 'platform-express', 'testing'].map((name) => `@nestjs/${name}@${version}`);

const swc = { builder: 'swc', others: ['@swc/cli', '@swc/core'] };
const rspack = {
  builder: 'rspack',
  others: ['@rspack/core', 'webpack-node-externals', 'tsconfig-paths-webpack-plugin', 'ts-loader'],
};

/** Versions of Node.js, by the folder that has them below test/. */
export const NODES: Readonly<Record<string, string>> = {
  '20.19': 'compatibility/node_modules/node-20.19',
  '22': 'runtimes/node_modules/node-22',
  '24': 'runtimes/node_modules/node-24',
  '26': 'runtimes/node_modules/node-26',
};

export const VARIANTS: readonly Variant[] = [
  ...Object.keys(NODES).flatMap((node) =>
    ([11, 12] as const).map((cli): Variant => ({ title: `Nest ${cli}, Node.js ${node}`, cli, node })),
  ),
  { title: 'Nest 11.0, Node.js 20.19', cli: 11, node: '20.19', others: nest('~11.0.0') },
  { title: 'Nest 11, Jest 29', cli: 11, others: ['jest@29', '@types/jest@29'] },
  { title: 'Nest 11, pnpm', cli: 11, manager: 'pnpm', others: ['@nestjs/microservices@11'] },
  { title: 'Nest 12, pnpm', cli: 12, manager: 'pnpm', others: ['@nestjs/microservices@12'] },
  { title: 'Nest 11, webpack', cli: 11, builder: 'webpack' },
  { title: 'Nest 11, SWC', cli: 11, ...swc },
  { title: 'Nest 12, SWC', cli: 12, ...swc },
  { title: 'Nest 12, Rspack', cli: 12, ...rspack },
];

/** Steps of a variant, in their order. */
export const STEPS = ['build', 'run', 'test', 'test:e2e'] as const;

/** Runs one step of a variant. Rejects with the output of a program that failed. */
export function runStep(step: (typeof STEPS)[number], project: CliProject, { node, builder }: Variant, root: string) {
  const path = node === undefined ? process.execPath : join(root, 'test', NODES[node] ?? '', 'bin/node');
  const { folder: cwd } = project;
  // The CLI itself runs on the Node.js of this process.
  if (step === 'build') {
    const args = builder === undefined ? [] : ['--builder', builder];
    return runCommand(join(cwd, 'node_modules/.bin/nest'), ['build', ...args], { cwd });
  }
  if (step === 'run') return runCommand(path, ['dist/main.js'], { cwd, node: path, until: ANSWER });
  return project.run(step, { node: path });
}
