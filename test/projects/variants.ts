import { join } from 'node:path';
import { ANSWER, type CliProject, type CliVersion, type InstallOptions } from './cli-project.js';
import { runCommand } from './commands.js';

/** Versions of Node.js, oldest first. The oldest one that the package promises is in test/compatibility. */
const NODES = ['20.19', '22', '24', '26'] as const;

/** A way to set up, and to run, a default project. */
export interface Variant extends InstallOptions {
  readonly title: string;
  readonly cli: CliVersion;
  /** Version of Node.js. @default the one of this process */
  readonly node?: (typeof NODES)[number] | undefined;
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

export const VARIANTS: readonly Variant[] = [
  ...NODES.flatMap((node) =>
    ([11, 12] as const).map((cli): Variant => ({ title: `Nest ${cli}, Node.js ${node}`, cli, node })),
  ),
  { title: 'Nest 11.0.0, Node.js 20.19', cli: 11, node: '20.19', others: nest('11.0.0') },
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
  const installed = join(root, 'test', node === NODES[0] ? 'compatibility' : 'runtimes', 'node_modules');
  const path = node === undefined ? process.execPath : join(installed, `node-${node}/bin/node`);
  const { folder: cwd } = project;
  // The CLI itself runs on the Node.js of this process.
  if (step === 'build') {
    const args = builder === undefined ? [] : ['--builder', builder];
    return runCommand(join(cwd, 'node_modules/.bin/nest'), ['build', ...args], { cwd });
  }
  if (step === 'run') return runCommand(path, ['dist/main.js'], { cwd, node: path, until: ANSWER });
  return project.run(step, { node: path });
}
