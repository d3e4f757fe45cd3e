import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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

  it('answers calls, and its errors reach the caller', async () => {
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
});
