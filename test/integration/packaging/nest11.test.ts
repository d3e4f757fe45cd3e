import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from '../../support/child.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

// The package as npm would publish it, in a project that has Nest 11 and nothing of this repository.
describe('the package on Nest 11', () => {
  let folder = '';

  beforeAll(async () => {
    await stat(join(root, 'dist/lib/index.js')).catch(() => {
      throw new Error('the library is not built: npm run build');
    });
    folder = await mkdtemp(join(tmpdir(), 'nest11-consumer-'));
    await cp(join(root, 'test/nest11'), folder, { recursive: true });
    // Without scripts: a build would pull dist/ away from under the tests that run beside this one.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
    const tarball = (await readdir(folder)).find((file) => file.endsWith('.tgz')) ?? '';
    await rename(join(folder, tarball), join(folder, 'nestjs-oslo-messaging.tgz'));
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: folder });
  }, 240_000);

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it('answers calls, and sends errors to the caller', async () => {
    const { stdout } = await run(process.execPath, ['smoke.mjs'], { cwd: folder, timeout: 30_000 });
    expect(stdout.trim().split('\n').at(-1)).toBe('ok');
  });

  it('has declarations that a strict consumer can compile against', async () => {
    const options = '--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --target ES2022';
    const modules = '--module NodeNext --moduleResolution NodeNext --types node';
    const decorators = '--experimentalDecorators --emitDecoratorMetadata';
    const args = [join(root, 'node_modules/typescript/bin/tsc'), ...`${options} ${modules} ${decorators}`.split(' ')];
    const output = await run(process.execPath, [...args, 'consumer.ts'], { cwd: folder }).then(
      ({ stdout }) => stdout,
      (error: Error & { stdout?: string }) => error.stdout || error.message,
    );
    // Checking libraries checks Nest's own declarations too, which are not ours to judge.
    const ours = output
      .split('\n')
      .filter((line) => /^(consumer\.ts|node_modules\/nestjs-oslo-messaging\/)/.test(line));
    expect(ours).toEqual([]);
    expect(output).not.toMatch(/^error /m);
  }, 120_000);

  // As a reader of the README has it: its tsconfig.json, its first program, and a package.json of either kind.
  it.each(['commonjs', 'module'])(
    'runs the first program in a project of type %s',
    async (type) => {
      const project = join(folder, type);
      const readme = await readFile(join(root, 'README.md'), 'utf8');
      const block = (language: string) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(readme)?.[1] ?? '';
      await mkdir(join(project, 'src'), { recursive: true });
      await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type }));
      await writeFile(join(project, 'tsconfig.json'), block('json'));
      await writeFile(join(project, 'src/main.ts'), block('ts'));
      await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], { cwd: project });
      const child = new Child(join(project, 'dist/main.js'), [], { TRANSPORT_URL: '' });
      try {
        await child.prints(/^alice adds 2 and 3\n5$/m);
        child.signal('SIGTERM');
        await child.exit();
      } finally {
        await child.stop();
      }
    },
    120_000,
  );
});
