import { cp, mkdtemp, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandOptions, runCommand } from './commands.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Major version of `@nestjs/cli`: 11 makes CommonJS projects with Jest, 12 ES modules with Vitest. */
export type CliVersion = 11 | 12;

/** The CLI of this repository, and the newest one of the next version. */
const CLI: Record<CliVersion, readonly [command: string, ...args: string[]]> = {
  11: [join(root, 'node_modules/.bin/nest')],
  12: ['npm', 'exec', '--yes', '--prefer-offline', '--package', '@nestjs/cli@12', '--', 'nest'],
};

/** Programs that install packages. pnpm keeps those that a package does not declare out of its reach. */
const INSTALL = {
  npm: ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'],
  pnpm: ['npm', 'exec', '--yes', '--package', 'pnpm', '--', 'pnpm', 'add', '--ignore-scripts'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

export interface InstallOptions {
  /** @default 'npm' */
  readonly manager?: keyof typeof INSTALL | undefined;
  /** Further packages. @default none */
  readonly others?: readonly string[] | undefined;
}

type RunOptions = Omit<CommandOptions, 'cwd'>;

/** Text that each file of a new project has, and what it becomes: the module and the program use the package. */
const EDITS: Readonly<Record<string, readonly (readonly [now: string, then: string])[]>> = {
  'src/app.module.ts': [
    [
      '\n@Module',
      `import { OsloMessagingModule } from 'nestjs-oslo-messaging';
import { CalculatorEndpoint } from './calculator.endpoint.js';
import { Calculator } from './calculator.js';

@Module`,
    ],
    [
      'imports: []',
      `imports: [
    OsloMessagingModule.forRoot({ topic: 'calculator', allowedRemoteExmods: ['calculator.exceptions'] }),
    OsloMessagingModule.forFeature([{ target: { topic: 'calculator', version: '1.0' } }]),
  ]`,
    ],
    ['[AppController]', '[AppController, CalculatorEndpoint]'],
    ['[AppService]', '[AppService, Calculator]'],
  ],
  'src/main.ts': [
    [
      '\nasync function',
      `import { OsloServer } from 'nestjs-oslo-messaging';
import { Calculator } from './calculator.js';

async function`,
    ],
    [
      '(AppModule);',
      `(AppModule);
  app.enableShutdownHooks();
  await app.init();
  app.connectMicroservice({ strategy: app.get(OsloServer) }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  console.log(\`The sum is \${await app.get(Calculator).add(2, 3)}\`);`,
    ],
  ],
};

/** Printed by the program of a project once it has called itself. */
export const ANSWER = 'The sum is 5';

/** Packs the built library as npm would publish it. Returns the path of the archive in the folder. */
export async function packLibrary(folder: string): Promise<string> {
  // Without scripts: a build would pull dist/ away from under the tests that run beside this one.
  await runCommand('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const packed = (await readdir(folder)).find((file) => file.endsWith('.tgz')) ?? '';
  const archive = join(folder, 'nestjs-oslo-messaging.tgz');
  await rename(join(folder, packed), archive);
  return archive;
}

/** Makes a folder for projects and the packed library. */
export function projectsFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'cli-projects-'));
}

/** A default project of Nest's CLI. Nothing of its configuration is changed. */
export class CliProject {
  private constructor(
    readonly folder: string,
    private readonly cli: CliVersion,
  ) {}

  /** Makes the project by the CLI. */
  static async new(cli: CliVersion, parent: string, name: string): Promise<CliProject> {
    const [command, ...args] = CLI[cli];
    const choices = ['--skip-git', '--skip-install', '--package-manager', 'npm'];
    await runCommand(command, [...args, 'new', name, ...choices], { cwd: parent });
    return new CliProject(join(parent, name), cli);
  }

  /** Makes the project by the CLI, and adds an endpoint, a client and their tests. */
  static async make(cli: CliVersion, parent: string, name = `nest-${cli}`): Promise<CliProject> {
    const project = await CliProject.new(cli, parent, name);
    for (const folder of ['src', 'test']) await project.add(folder);
    for (const [file, edits] of Object.entries(EDITS)) await project.edit(file, edits);
    return project;
  }

  /** Installs the packages of the project and the library. @param others packages to install as well */
  async install(archive: string, { manager = 'npm', others = [] }: InstallOptions = {}): Promise<void> {
    const [command, ...args] = INSTALL[manager];
    await runCommand(command, [...args, archive, ...others], { cwd: this.folder });
  }

  /** Leaves out the linters of the project: a fifth of its packages, and none that meets the library. */
  async withoutLinters(): Promise<void> {
    const path = join(this.folder, 'package.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { devDependencies: Record<string, string> };
    const kept = Object.entries(manifest.devDependencies).filter(([name]) => !/eslint|^globals$/.test(name));
    await writeFile(path, JSON.stringify({ ...manifest, devDependencies: Object.fromEntries(kept) }, null, 2));
  }

  /** Uses the packages that another project has installed. */
  async share(other: CliProject): Promise<void> {
    await symlink(join(other.folder, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** Runs a program that a package has installed, such as `nest`. Returns its output. */
  exec(program: string, ...args: readonly string[]): Promise<string> {
    return runCommand(join(this.folder, 'node_modules/.bin', program), args, { cwd: this.folder });
  }

  /** Runs a script of the package.json. Returns its output. */
  run(script: string, options: RunOptions = {}): Promise<string> {
    return runCommand('npm', ['run', script], { cwd: this.folder, ...options });
  }

  private async add(folder: string): Promise<void> {
    const added = join(root, 'test/projects/added', folder);
    for (const file of await readdir(added))
      await writeFile(join(this.folder, folder, file), this.inStyle(await readFile(join(added, file), 'utf8')));
  }

  private async edit(file: string, edits: readonly (readonly [string, string])[]): Promise<void> {
    const path = join(this.folder, file);
    let text = await readFile(path, 'utf8');
    for (const [now, then] of edits) {
      if (!text.includes(now)) throw new Error(`${path}: the CLI no longer writes ${JSON.stringify(now)}`);
      text = text.replace(now, then);
    }
    await writeFile(path, this.inStyle(text));
  }

  /** Jest resolves relative paths as CommonJS does, without the extension of the compiled file. */
  private inStyle(text: string): string {
    return this.cli === 11 ? text.replace(/(from '\.[^']*)\.js'/g, "$1'") : text;
  }
}

/** Copies files of test/projects into a folder. */
export function copyFiles(name: 'checks' | 'forms', target: string): Promise<void> {
  return cp(join(root, 'test/projects', name), target, { recursive: true });
}
