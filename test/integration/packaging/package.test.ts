import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import semver from 'semver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIBRARY_VERSION } from '../../../lib/core/library-version.js';
import entries from '../../../scripts/entries.json' with { type: 'json' };
import { linksOf, PAGES } from '../../support/pages.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const bin = (name: string) => `${root}node_modules/.bin/${name}`;

interface Locked {
  /** Name of an aliased package; others are named by their path. */
  name?: string;
  engines?: { node?: string };
  hasInstallScript?: boolean;
  deprecated?: string;
}

interface Manifest {
  engines?: { node: string };
  allowScripts?: Record<string, boolean>;
}

interface Packed {
  filename: string;
  /** Bytes. */
  size: number;
  unpackedSize: number;
  files: { path: string }[];
}

// npm warns of each package that the running Node.js is too old for, and of each install script that nobody judged.
describe.each(['', 'bench/', 'bench/foreign/', 'test/runtimes/', 'test/compatibility/'])(
  'the dependencies in ./%s',
  (folder) => {
    const read = async <T>(file: string) => JSON.parse(await readFile(root + folder + file, 'utf8')) as T;

    it('install without a warning on the oldest Node.js that is promised', async () => {
      const promised = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Manifest;
      const oldest = semver.minVersion(promised.engines?.node ?? '*') ?? '0.0.0';
      const { allowScripts = {} } = await read<Manifest>('package.json');
      const { packages } = await read<{ packages: Record<string, Locked> }>('package-lock.json');
      const complaints = Object.entries(packages).flatMap(
        ([path, { engines, hasInstallScript, deprecated, ...locked }]) => {
          const name = locked.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
          return [
            semver.satisfies(oldest, engines?.node ?? '*') ? [] : `${path} needs Node.js ${engines?.node}`,
            hasInstallScript && !(name in allowScripts) ? `${path} has an install script` : [],
            deprecated === undefined ? [] : `${path} is deprecated: ${deprecated}`,
          ].flat();
        },
      );
      expect(Object.keys(packages).length).toBeGreaterThan(1);
      expect(complaints).toEqual([]);
    });
  },
);

describe('the package', () => {
  let folder: string;
  let archive: string;
  let packed: Packed;
  /** Paths of its files. */
  let paths: readonly string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'package-'));
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', pack, { cwd: root });
    [packed] = JSON.parse(stdout) as [Packed];
    archive = join(folder, packed.filename);
    paths = packed.files.map(({ path }) => path);
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('exports the entries of the table, in both forms', async () => {
    await run(process.execPath, [`${root}scripts/entries.mjs`, '--check']);
    for (const file of Object.values(entries))
      for (const form of ['lib', 'cjs'])
        for (const extension of ['js', 'd.ts']) await access(`${root}dist/${form}/${file}.${extension}`);
  });

  it('knows its version', async () => {
    const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
    expect(LIBRARY_VERSION).toBe(version);
  });

  it('holds the built library, its documentation and nothing else', async () => {
    expect(paths).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'CHANGELOG.md',
        'LICENSE',
        'dist/lib/index.js',
        'dist/cjs/package.json',
      ]),
    );
    expect(
      paths.filter(
        (path) => !/^(package\.json|README\.md|CHANGELOG\.md|LICENSE|(dist\/(lib|cjs)|docs)\/.+)$/.test(path),
      ),
    ).toEqual([]);
  });

  it('holds the files that its pages link to, but for pictures', () => {
    // They would be a third of its size. A reader without them sees their descriptions.
    const links = PAGES.flatMap(linksOf).filter(({ target }) => !/^docs\/(charts|images)\//.test(target));
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter(({ target }) => !paths.includes(target))).toEqual([]);
  });

  it('is small', () => {
    const { size, unpackedSize, files } = packed;
    expect(size).toBeLessThan(1_062_000);
    expect(unpackedSize).toBeLessThan(4_220_000);
    expect(files.length).toBeLessThan(395);
    // A map names sources that are not in the package.
    expect(files.filter(({ path }) => path.endsWith('.map'))).toEqual([]);
  });

  /** Returns the files that a program loads beyond Nest and rxjs, relative to the package. */
  async function filesOf(work: string): Promise<string[]> {
    const program = `
      import 'reflect-metadata';
      import '@nestjs/common';
      import '@nestjs/core';
      import '@nestjs/microservices';
      import 'rxjs';
      import { loadedFiles } from './testkit/loaded-files.ts';
      console.log(JSON.stringify(await loadedFiles(async () => { ${work} })));`;
    const args = ['--import', './test/support/typescript.mjs', '--input-type=module', '--eval', program];
    const { stdout } = await run(process.execPath, args, { cwd: root });
    // Of an installed package its name, once.
    const names = (JSON.parse(stdout) as string[]).map((file) => /\/node_modules\/([^/]+)/.exec(file)?.[1] ?? file);
    return [...new Set(names)].map((name) => name.replace(`${root}dist/lib/`, ''));
  }

  const ROOT = ['chunks/library.js', 'chunks/nest.js', 'index.js', 'lru-cache'];

  it('loads Nest and rxjs with its root, and little else, also for memory://', async () => {
    const work = `
      const { getRpcServer, getRpcClient, getRpcTransport, Target } = await import('./dist/lib/index.js');
      const transport = getRpcTransport({ transportUrl: 'memory://' });
      const server = getRpcServer(transport, new Target({ topic: 't', server: 's' }), [{ echo: () => 1 }]);
      await server.start();
      await getRpcClient(transport, new Target({ topic: 't' })).call({}, 'echo');
      await server.stop();
      await transport.cleanup();`;
    expect(await filesOf(work)).toEqual(ROOT);
  });

  it('loads amqplib with the first connection', async () => {
    const url = 'rabbit://guest:guest@127.0.0.1:1/';
    const work = `
      const { getRpcTransport } = await import('./dist/lib/index.js');
      const transport = getRpcTransport({ transportUrl: '${url}', logger: { log() {}, warn() {}, error() {}, debug() {} } });
      await transport.connect({ retry: 0 }).catch(() => undefined);
      await transport.cleanup();`;
    expect((await filesOf(work)).sort()).toEqual(['amqplib', ...ROOT]);
  });

  it('says at once that amqplib is not installed', async () => {
    const hooks = `export const resolve = (name, context, next) => {
      if (name === 'amqplib') throw new Error('no such package');
      return next(name, context);
    };`;
    const program = `
      import { register } from 'node:module';
      import { getRpcTransport } from './dist/lib/index.js';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
      const logger = { log() {}, warn() {}, error() {}, debug() {} };
      const transport = getRpcTransport({ transportUrl: 'rabbit://guest:guest@127.0.0.1:1/', logger });
      await transport.connect().catch(({ name, message }) => console.log(name + ': ' + message));
      await transport.cleanup();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: root });
    expect(stdout).toMatch(
      /^MessageDeliveryFailure: Could not reach the broker, and trying again would not help: .*Cannot load amqplib, .*no such package/,
    );
  });

  it('keeps the comments of its exports', async () => {
    for (const form of ['lib', 'cjs'])
      expect(await readFile(`${root}dist/${form}/core/target.d.ts`, 'utf8')).toMatch(
        /\/\*\*[^/]*\*\/\nexport declare class Target/,
      );
  });

  it('passes publint and the TypeScript resolution checks', async () => {
    await run(bin('publint'), ['--strict', '--pack', 'false'], { cwd: root });
    await run(bin('attw'), [archive, '--no-color'], { cwd: root });
  }, 120_000);

  it('imports only its dependencies at run time', async () => {
    const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Record<string, object>;
    const allowed = new Set([
      'nestjs-oslo-messaging', // in code that the schematics write
      ...Object.keys(manifest['dependencies'] ?? {}),
      ...Object.keys(manifest['peerDependencies'] ?? {}),
    ]);
    const pattern = `(from |require\\(|import\\()['"][^.'"$][^'"]*['"]`;
    const { stdout } = await run('grep', ['-rhoE', pattern, 'dist/lib', 'dist/cjs', '--include=*.js'], { cwd: root });
    const packages = stdout.match(/(?<=['"])[^'"]+(?=['"]$)/gm) ?? [];
    const names = packages.map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    expect([...new Set(names)].filter((name) => !name.startsWith('node:') && !allowed.has(name))).toEqual([]);
  });
});
