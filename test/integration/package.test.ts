import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = (name: string) => `${root}node_modules/.bin/${name}`;

describe('the package', () => {
  it('holds the built library, its documentation and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/lib/index.js']));
    expect(paths.filter((path) => !/^(package\.json|README\.md|LICENSE|(dist\/lib|docs)\/.+)$/.test(path))).toEqual([]);
  });

  it('is sound to publint and to TypeScript', async () => {
    await run(bin('publint'), ['--strict', '--pack', 'false'], { cwd: root });
    const arguments_ = ['--pack', '.', '--profile', 'esm-only', '--no-color'];
    await run(bin('attw'), arguments_, { cwd: root, env: { ...process.env, npm_config_ignore_scripts: 'true' } });
  }, 120_000);

  it('needs at run time only what it depends on', async () => {
    const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Record<string, object>;
    const allowed = new Set([
      ...Object.keys(manifest['dependencies'] ?? {}),
      ...Object.keys(manifest['peerDependencies'] ?? {}),
    ]);
    const { stdout } = await run('grep', ['-rhoE', "from '[^.][^']*'", 'dist/lib', '--include=*.js'], { cwd: root });
    const packages = stdout.match(/'[^']+'/g)?.map((quoted) => quoted.slice(1, -1)) ?? [];
    const names = packages.map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    expect([...new Set(names)].filter((name) => !name.startsWith('node:') && !allowed.has(name))).toEqual([]);
  });
});
