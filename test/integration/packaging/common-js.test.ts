import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;

// Jest and bundlers translate the library file by file. The command is a program of its own, which nobody imports.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'common-js-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const compilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  const files = await readdir(join(root, 'lib'), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.startsWith('cli/'))) {
    const source = await readFile(join(root, 'lib', file), 'utf8');
    const target = join(folder, 'lib', file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, ts.transpileModule(source, { compilerOptions }).outputText);
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function output(program: string): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['-e', program], { cwd: folder });
  return JSON.parse(stdout);
}

it('works after a translation to CommonJS', async () => {
  const program = `
    const { getRpcClient, getRpcServer, getRpcTransport, Target } = require('./lib/index.js');
    (async () => {
      const transport = getRpcTransport({ transportUrl: 'memory://' });
      const target = new Target({ topic: 'calculator', server: 's' });
      const server = getRpcServer(transport, target, [{ add: (_context, { a, b }) => a + b }]);
      await server.start();
      const sum = await getRpcClient(transport, new Target({ topic: 'calculator' })).call({}, 'add', { a: 2, b: 3 });
      await server.stop();
      await transport.cleanup();
      console.log(sum);
    })();`;
  expect(await output(program)).toBe(5);
});

it('still recognizes its own lines in a stack', async () => {
  const program = `
    const { framesOf } = require('./lib/messaging/caller-stack.js');
    const { pathToFileURL } = require('node:url');
    const ours = process.cwd() + '/lib/rpc/client.js';
    const lines = [ours, pathToFileURL(ours).href, process.cwd() + '/src/caller.js'];
    console.log(JSON.stringify(framesOf(lines.map((file) => '    at call (' + file + ':1:1)').join('\\n'))));`;
  expect(await output(program)).toEqual([expect.stringContaining('src/caller.js')]);
});
