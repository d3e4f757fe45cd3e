import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ErrorDocument } from '../../../lib/cli/exit-code.js';
import { osloRpcProcess } from '../../support/command.js';

const NEST = import.meta.resolve('@nestjs/core');
const LIBRARY = new URL('../../../dist/lib/index.js', import.meta.url).href;

const API = `import { call, defineRpcApi } from ${JSON.stringify(LIBRARY)};
export const shopApi = defineRpcApi({ topic: 'shop', version: '1.0', methods: { sell: call() } });`;

const MODULES = {
  // As in the README: a module that is not exported, and an application that serves.
  'main.mjs': `import { NestFactory } from ${JSON.stringify(NEST)};
class AppModule {}
const app = await NestFactory.createApplicationContext(AppModule);
setInterval(() => undefined, 1000);`,
  'main.cjs': `Object.defineProperty(exports, '__esModule', { value: true });
const core_1 = import(${JSON.stringify(NEST)});
class AppModule {}
core_1.then(({ NestFactory }) => NestFactory.createApplicationContext(AppModule));
setInterval(() => undefined, 1000);`,
  'quiet.mjs': 'setInterval(() => undefined, 1000);',
  'timer.mjs': `${API}\nsetInterval(() => undefined, 1000);\nconsole.log('a line of the module');`,
  'throws.mjs': "setInterval(() => undefined, 1000);\nthrow new Error('not today');",
  'exits.mjs': 'process.exit(0);',
  'crashes.mjs': `process.nextTick(() => { throw new Error('not today'); });\nawait new Promise(() => setInterval(() => undefined, 1000));`,
};
const folder = mkdtempSync(join(tmpdir(), 'modules-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);
for (const [name, text] of Object.entries(MODULES)) writeFileSync(file(name), text);

describe('a module that a command loads', { concurrent: true }, () => {
  it.each([
    ['contract export', ['contract', 'export', file('main.mjs')]],
    ['contract export of CommonJS', ['contract', 'export', file('main.cjs')]],
    ['asyncapi of CommonJS', ['asyncapi', file('main.cjs')]],
    ['contract diff', ['contract', 'diff', file('main.mjs'), file('timer.mjs')]],
    ['asyncapi', ['asyncapi', file('main.mjs')]],
  ])('starts an application: %s ends, and says so', async (_, args) => {
    const { code, stdout, stderr } = await osloRpcProcess(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/UsageError: .*It seems to start an application: export the contract or the AppModule/);
  });

  it.each([
    ['contract export', ['contract', 'export', file('timer.mjs')]],
    ['asyncapi', ['asyncapi', file('timer.mjs'), '--format', 'json']],
  ])('leaves a timer: %s prints its result alone, and ends', async (_, args) => {
    const { code, stdout, stderr } = await osloRpcProcess(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'a line of the module\n' });
    expect(JSON.parse(stdout)).toBeTruthy();
  });

  it.each([
    ['throws', 'throws.mjs', /not today/],
    ['exports nothing', 'quiet.mjs', /\. If it starts an application: export the contract or the AppModule/],
    ['ends the process', 'exits.mjs', /the loaded module has ended the process/],
    ['crashes while it loads', 'crashes.mjs', /the loaded module has failed: Error: not today/],
    ['is missing', 'none.mjs', /^UsageError: no such file: \S+none\.mjs\n$/],
    ['is a folder', '.', /is a folder\n$/],
  ])('%s: each command refuses it', async (_, name, reason) => {
    const [document, ...outcomes] = await Promise.all([
      osloRpcProcess(['contract', 'export', file(name), '--json']),
      osloRpcProcess(['asyncapi', file(name)]),
    ]);
    expect(document).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) as string });
    const { error, exitCode } = JSON.parse(document.stdout) as ErrorDocument;
    expect(document.stderr).toContain(`${error.name}: ${error.message}`);
    expect(exitCode).toBe(2);
    for (const { code, stdout, stderr } of outcomes) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(reason);
    }
  });

  it('prints a long result whole, with a timer left', async () => {
    const methods = Array.from({ length: 5000 }, (_, index) => `method_${index}: call()`).join(', ');
    const long = API.replace('sell: call()', methods);
    writeFileSync(file('long.mjs'), `${long}\nsetInterval(() => undefined, 1000);`);
    const { code, stdout } = await osloRpcProcess(['contract', 'export', file('long.mjs')]);
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(150_000);
    expect(JSON.parse(stdout)).toMatchObject({ methods: { method_4999: { kind: 'call' } } });
  });
});
