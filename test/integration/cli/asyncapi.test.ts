import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRpcServer, getRpcTransport, Target } from 'nestjs-oslo-messaging';
import type { AsyncApiDocument } from 'nestjs-oslo-messaging/asyncapi';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { osloRpc, osloRpcProcess } from '../../support/command.js';
import { describeWithRabbit, rabbitUrl, uniqueTopic } from '../../support/environment.js';
import { silent } from '../../support/silent.js';

const APP = fileURLToPath(new URL('../asyncapi/compiled-app.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'asyncapi-'));
afterAll(() => rmSync(folder, { recursive: true }));

const asyncapi = (...args: string[]) => osloRpcProcess(['asyncapi', ...args]);
/** Runs a command that loads no module. */
const withoutModule = (...args: string[]) => osloRpc(['asyncapi', ...args]);
const file = (name: string) => join(folder, name);

describe('oslo-rpc asyncapi MODULE', () => {
  it('describes a Nest application without starting it', async () => {
    const { code, stdout, stderr } = await asyncapi(APP, '--title', 'Calculator', '--api-version', '3.0.0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const document = parse(stdout) as AsyncApiDocument;
    expect(document).toMatchObject({
      asyncapi: '3.1.0',
      info: { title: 'Calculator', version: '3.0.0' },
      servers: { rabbitmq: { host: 'mq.example:5672', pathname: '/nfv' } },
    });
    expect(document.operations['calculator.add']?.['x-oslo-rpc']).toMatchObject({ handler: 'Calculator.add' });
    // By the converter for valibot, which the project has.
    expect(document.components.schemas['calculator.forget.arguments']).toMatchObject({ required: ['id'] });
    expect(stdout).not.toContain('s3cret');
  });

  it('describes the chosen contracts, in files', async () => {
    const out = file('contract.json');
    const { code, stdout } = await asyncapi(
      APP,
      '--export',
      'calculatorApi',
      '--out',
      out,
      '--url',
      'rabbit://u:p@mq2/',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const written = readFileSync(out, 'utf8');
    const printed = await asyncapi(APP, '--export', 'calculatorApi', '--url', 'rabbit://u:p@mq2/', '--json');
    expect(printed).toMatchObject({ code: 0, stdout: written });
    const document = JSON.parse(written) as AsyncApiDocument;
    // Of the nearest package.json.
    expect(document.info.title).toBe('nestjs-oslo-messaging');
    expect(Object.keys(document.operations)).toEqual(['calculator.add', 'calculator.forget']);
    expect(Object.values(document.servers).map(({ host }) => host)).toEqual(['mq2:5672']);
  });

  it('writes a page that needs nothing else', async () => {
    const html = file('page.html');
    const { code, stdout } = await asyncapi(APP, '--html', html, '--title', 'Calculator </script> & co');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const page = readFileSync(html, 'utf8');
    const [head = '', ...rest] = page.split('<body>');
    expect(head).toContain("default-src 'none'");
    expect(head).toContain('<title>Calculator &lt;/script&gt; &amp; co 0.');
    expect(head).not.toMatch(/<link|src=/);
    expect(head).not.toMatch(/url\((?!['"]?data:)/);
    const scripts = rest.join('<body>').match(/<\/script>/g);
    expect(scripts).toHaveLength(2);
  });

  it('says how to install the component of the page', async () => {
    const hook = file('without-component.cjs');
    writeFileSync(
      hook,
      `const Module = require('node:module');
       const resolve = Module._resolveFilename;
       Module._resolveFilename = (request, ...rest) => {
         if (request.startsWith('@asyncapi/')) throw Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' });
         return resolve(request, ...rest);
       };`,
    );
    const [out, html] = [file('never.yaml'), file('never.html')];
    const environment = { NODE_OPTIONS: `--require ${hook}` };
    const { code, stderr } = await osloRpcProcess(['asyncapi', APP, '--out', out, '--html', html], environment);
    expect(code).toBe(2);
    expect(stderr).toContain('npm install --save-dev @asyncapi/react-component');
    expect([out, html].filter(existsSync)).toEqual([]);
  });

  it('refuses a module without an API, and wrong flags', async () => {
    writeFileSync(file('empty.mjs'), 'export const nothing = 1;');
    writeFileSync(file('source.ts'), 'export const = ;');
    const refusals = await Promise.all([
      withoutModule(),
      asyncapi(file('source.ts')),
      asyncapi(file('empty.mjs')),
      asyncapi(APP, '--export', 'Wrong'),
      withoutModule(APP, '--format', 'xml'),
      asyncapi(APP, '--out', folder),
      withoutModule(APP, '--json', '--format', 'yaml'),
    ]);
    expect(refusals.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2, 2]);
    expect(refusals.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining('give a compiled module, or the --topic of running servers'),
      expect.stringMatching(/Cannot load .*Give the compiled file/),
      expect.stringContaining('neither a Nest module nor a contract'),
      expect.stringContaining('exports no "Wrong"; it exports AppModule, calculatorApi'),
      expect.stringContaining('--format: expected yaml or json; got xml'),
      expect.stringContaining('is a folder; give the name of a file'),
      expect.stringContaining('--json excludes --format yaml'),
    ]);
  });
});

describeWithRabbit('oslo-rpc asyncapi --topic', () => {
  class Endpoint {
    readonly target = new Target({ version: '1.3', namespace: 'ns' });
    add(): number {
      return 1;
    }
  }

  it('describes running servers by their own answers', async () => {
    const topic = uniqueTopic('discovered');
    const transport = getRpcTransport({ transportUrl: rabbitUrl, rpcDiscoveryEnabled: true, logger: silent });
    const servers = ['one', 'two'].map((server) =>
      getRpcServer(transport, new Target({ topic, server }), [new Endpoint()]),
    );
    try {
      await Promise.all(servers.map((server) => server.start()));
      const args = ['--url', rabbitUrl, '--topic', topic, '--server', 'one', '--timeout', '30s'];
      const { code, stdout } = await withoutModule(...args, '--format', 'json');
      expect(code).toBe(0);
      const { info, operations, servers: brokers } = JSON.parse(stdout) as AsyncApiDocument;
      expect(info).toEqual({ title: topic, version: '1.0.0' });
      expect(Object.keys(operations)).toEqual([`${topic}.ns.add`]);
      expect(Object.keys(brokers)).toEqual(['rabbitmq']);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await transport.cleanup();
    }
  });

  it('tells silent servers from none', async () => {
    const { code, stderr } = await withoutModule('--url', rabbitUrl, '--topic', uniqueTopic(), '--timeout', '1s');
    expect(code).toBe(4);
    expect(stderr).toContain('has answered');
  });
});
