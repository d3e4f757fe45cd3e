import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const NAME = 'nestjs-oslo-messaging';

describe('a bundle', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    await symlink(root, join(folder, NAME), 'dir');
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** Bundles a program that imports one name, without the packages that the library depends on. */
  async function bundleOf(name: string): Promise<string> {
    const input = join(folder, `${name}.mjs`);
    await writeFile(input, `import { ${name} } from '${NAME}';\nconsole.log(${name});\n`);
    const bundle = await rolldown({
      input,
      platform: 'node',
      resolve: { alias: { [NAME]: join(folder, NAME, 'dist/lib/index.js') }, symlinks: false },
      external: (id) => !/^[./]/.test(id) && id !== NAME,
    });
    const { output } = await bundle.generate({ format: 'es' });
    await bundle.close();
    return output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('');
  }

  // The root of the package loads 770 kB of code.
  it.each([
    ['MessagingTimeout', 5000],
    ['Target', 15_000],
    ['RequestContext', 30_000],
    ['VersionedObject', 30_000],
  ])('of %s has no more of the library than that needs', async (name, maxBytes) => {
    const code = await bundleOf(name);
    expect(code).toMatch(new RegExp(`(class|function) ${name}\\b`));
    expect(code.length).toBeLessThan(maxBytes);
    // Other packages would be in the bundle, too.
    expect(code).not.toMatch(/@nestjs|rxjs|amqplib/);
  });

  it('of a client does without Nest', async () => {
    const code = await bundleOf('getRpcClient');
    expect(code).toContain('class RPCClient ');
    expect(code).not.toMatch(/from "(@nestjs|rxjs)|class (OsloServer|Notifier|VersionedObject) /);
  });
});
