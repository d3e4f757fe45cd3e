import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get, type RequestOptions } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ANSWER,
  CliProject,
  type CliVersion,
  copyFiles,
  packLibrary,
  projectsFolder,
} from '../../projects/cli-project.js';
import { runCommand } from '../../projects/commands.js';
import { Child } from '../../support/child.js';
import { ProjectCompiler } from '../../support/compile-project.js';
import { rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** The long form also does by the CLI what the tests of the schematics do in memory. */
const isLong = process.env.CI_LONG === '1';

// The package as npm would publish it, in the default projects of Nest's CLI: of Nest 11 (CommonJS, Jest) and of Nest 12 (ES
// modules, Vitest). An endpoint, a client and their tests are added. Nothing is configured.
describe('the package in a default project', () => {
  const projects = new Map<CliVersion, CliProject>();
  const compiler = new ProjectCompiler();
  let folder = '';
  const projectOf = (version: CliVersion): CliProject => {
    const project = projects.get(version);
    if (!project) throw new Error(`There is no project of Nest ${version}`);
    return project;
  };

  beforeAll(async () => {
    await stat(join(root, 'dist/cjs/index.js')).catch(() => {
      throw new Error('the library is not built: npm run build');
    });
    folder = await projectsFolder();
    const archive = await packLibrary(folder);
    const make = async (version: CliVersion) => {
      const project = await CliProject.make(version, folder);
      if (!isLong) await project.withoutLinters();
      await project.install(archive, { others: [`@nestjs/terminus@${version}`] }); // nest add lists it
      projects.set(version, project);
    };
    await Promise.all([make(11), make(12)]);
  }, 300_000);

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  describe.each<CliVersion>([11, 12])('of Nest %s', (version) => {
    // `npm start` below is a build as well.
    it.each(isLong ? ['build', 'test', 'test:e2e'] : ['test', 'test:e2e'])(
      'passes npm run %s',
      { timeout: 180_000 },
      async (script) => {
        expect(await projectOf(version).run(script)).not.toMatch(/ExperimentalWarning/);
      },
    );

    it('has declarations that a strict consumer can compile against', { timeout: 120_000 }, async () => {
      const { folder: cwd } = projectOf(version);
      await copyFiles('checks', join(cwd, 'checks'));
      expect(compiler.strictErrors(cwd, 'checks/consumer.ts', 'nestjs-oslo-messaging')).toEqual([]);
    });

    it('is built and runs by npm start', { timeout: 180_000 }, async () => {
      const output = await projectOf(version).run('start', { until: ANSWER });
      expect(output).toContain(`${ANSWER}\n`);
      expect(output).not.toMatch(/ExperimentalWarning/);
    });
  });

  describe('of Nest 11', () => {
    it('is one package for Jest as an ES module and for its CommonJS dependencies', { timeout: 60_000 }, async () => {
      const { folder: cwd } = projectOf(11);
      await copyFiles('forms', join(cwd, 'forms'));
      const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--config', 'forms/jest.config.json'];
      expect(await runCommand(process.execPath, jest, { cwd })).toContain('1 passed');
    });

    it('answers calls and hears notifications without a compiler', { timeout: 60_000 }, async () => {
      const { folder: cwd } = projectOf(11);
      await copyFiles('checks', join(cwd, 'checks'));
      expect((await runCommand(process.execPath, ['checks/smoke.mjs'], { cwd })).trim()).toMatch(/^ok$/m);
    });

    // As a reader of the README has it: its tsconfig.json, its first program, and a package.json of either kind.
    it.each(['commonjs', 'module'])(
      'runs the first program in a package of type %s',
      { timeout: 120_000 },
      async (type) => {
        const cwd = join(projectOf(11).folder, type);
        const readme = await readFile(join(root, 'README.md'), 'utf8');
        const block = (language: string) =>
          new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(readme)?.[1] ?? '';
        await mkdir(join(cwd, 'src'), { recursive: true });
        await writeFile(join(cwd, 'package.json'), JSON.stringify({ private: true, type }));
        await writeFile(join(cwd, 'tsconfig.json'), block('json'));
        await writeFile(join(cwd, 'src/main.ts'), block('ts'));
        expect(compiler.compile(cwd)).toEqual([]);
        const output = await runCommand(process.execPath, ['dist/main.js'], { cwd, until: '\n5\n' });
        expect(output).toMatch(/^alice adds 2 and 3\n5$/m);
      },
    );
  });

  // The commands that a user gives, in a project that shares the packages of the one above.
  describe('that nest add and nest generate extend', () => {
    // Both of them take minutes on a small machine.
    it.each<CliVersion>(isLong ? [11, 12] : [12])(
      'passes its tests and serves, of Nest %s',
      async (version) => {
        const topic = uniqueTopic('orders');
        const project = await CliProject.new(version, folder, `added-${version}`);
        await project.share(projectOf(version));
        const add = () => project.exec('nest', 'add', 'nestjs-oslo-messaging', '--skip-install', '--topic', topic);
        const generate = (schematic: string, name: string) =>
          project.exec('nest', 'generate', '-c', 'nestjs-oslo-messaging', schematic, name);

        expect(await add()).toMatch(/CREATE.* src\/health\/health\.module\.ts/);
        if (isLong) expect(await add()).toContain('Nothing to be done.');
        expect(await generate('rpc-endpoint', 'orders')).toMatch(/UPDATE.* src\/app\.module\.ts/);
        expect(await generate('notification-endpoint', 'orders')).toMatch(/UPDATE.* src\/app\.module\.ts/);
        expect(await generate('rpc-endpoint', '1st')).toContain('name: expected at most 100 letters and digits');
        await project.exec('prettier', '--check', 'src');
        // A third class makes a line longer than Prettier wants, as with Nest's own schematics.
        if (isLong) expect(await generate('rpc-endpoint', 'stock')).toMatch(/UPDATE.* src\/app\.module\.ts/);
        await project.run('build');
        expect(await project.run('test')).toMatch(new RegExp(`Tests:? +${isLong ? 7 : 5} passed`));
        await serves(project, topic);

        const main = join(project.folder, 'src/main.ts');
        const foreign = (await readFile(main, 'utf8')).replaceAll('OsloServer', 'OtherServer');
        await writeFile(main, foreign);
        expect(await add()).toMatch(/src\/main\.ts: left as it is, .*import \{ OsloServer \} from/s);
        expect(await readFile(main, 'utf8')).toBe(foreign);
      },
      300_000,
    );
  });
});

/** Returns the body of the answer to a request over HTTP. */
function answerOf(request: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    get(request, (response) => resolve(text(response))).once('error', reject);
  });
}

/** Starts the built program, asks it over HTTP and by RPC, and stops it. */
async function serves({ folder }: CliProject, topic: string): Promise<void> {
  const socketPath = join(folder, 'http.sock');
  const url = rabbitUrl || 'memory://';
  const program = new Child(join(folder, 'dist/main.js'), [], { PORT: socketPath, TRANSPORT_URL: url, NODE_ENV: '' });
  try {
    await program.prints(/Nest microservice successfully started/);
    const health = await eventually(() => answerOf({ socketPath, path: '/health' }));
    expect(JSON.parse(health)).toMatchObject({ status: 'ok', info: { rabbitmq: { status: 'up' } } });
    if (rabbitUrl) {
      const call = ['call', '--url', url, '--topic', topic, '--version', '1.0', 'find_orders', '{"id": "7"}'];
      const command = join(folder, 'node_modules/.bin/oslo-rpc');
      expect(JSON.parse(await runCommand(command, call, { cwd: folder }))).toEqual({ id: '7', userId: null });
    }
    program.signal('SIGTERM');
    await program.exit();
  } finally {
    await program.stop();
  }
}
