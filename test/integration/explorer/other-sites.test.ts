import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { CanActivate, Type } from '@nestjs/common';
import * as explorer from 'nestjs-oslo-messaging/explorer';
import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApplicationSource } from '../../../lib/explorer/application/application-source.js';
import { type CallResult, CSRF_HEADER, ROUTES, type Session } from '../../../lib/explorer/protocol.js';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { type ExploredAppSettings, exploredApp } from '../../support/explored-app.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(settings: Partial<ExploredAppSettings> = {}) {
  const topic = uniqueTopic('sites');
  const explored = await exploredApp({ topic, ...settings });
  closing.push(() => explored.app.close());
  return { ...explored, topic };
}

const DATA = [ROUTES.session, ROUTES.snapshot, ROUTES.history, ROUTES.events, ROUTES.dead];

describe('another site', () => {
  it('reads nothing, also where the application allows it by CORS', async () => {
    const { page } = await start({
      explorer: { readOnly: false },
      prepare: (app) => app.enableCors({ origin: true, credentials: true }),
    });
    for (const path of DATA)
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
      ]) {
        const refused = await page().ask(path, { headers });
        expect([path, refused.status]).toEqual([path, 403]);
        expect(refused.headers['set-cookie']).toBeUndefined();
      }
    const own = { 'sec-fetch-site': 'same-origin', origin: new URL(page().base).origin };
    expect((await page().ask(ROUTES.snapshot, { headers: own })).status).toBe(200);
    expect((await page().ask('', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(200);
  });

  it('has no token for the cookie of another browser', async () => {
    const { page } = await start({ explorer: { readOnly: false } });
    const [one, other] = [page(), page()];
    const { csrfToken } = await one.json<Session>(ROUTES.session);
    expect((await other.json<Session>(ROUTES.session)).csrfToken).not.toBe(csrfToken);
    const headers = { 'content-type': 'application/json', [CSRF_HEADER]: csrfToken };
    const post = { method: 'POST', headers, body: '{}' };
    expect((await other.ask(ROUTES.call, post)).status).toBe(403);
    expect((await one.ask(ROUTES.call, post)).status).toBe(400);
  });

  it('cannot lead its own name to the machine', async () => {
    const { page } = await start({ explorer: { readOnly: false } });
    for (const host of [
      'evil.example',
      'evil.example:80',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1',
    ])
      for (const path of ['', ...DATA]) expect((await page().ask(path, { headers: { host } })).status).toBe(403);
    for (const host of ['localhost:3000', 'LOCALHOST', '127.0.0.1', '127.1.2.3:80', '[::1]:3000'])
      expect((await page().ask(ROUTES.snapshot, { headers: { host } })).status, host).toBe(200);
  });
});

it('calls no more methods than eight at the same time', async () => {
  const { page, topic } = await start({ explorer: { readOnly: false } });
  const waiting: ((result: CallResult) => void)[] = [];
  const calling = vi
    .spyOn(ApplicationSource.prototype, 'call')
    .mockImplementation(() => new Promise((resolve) => waiting.push(resolve)));
  closing.push(() => calling.mockRestore());
  const one = page();
  const { csrfToken } = await one.json<Session>(ROUTES.session);
  const headers = { 'content-type': 'application/json', [CSRF_HEADER]: csrfToken };
  const body = JSON.stringify({ kind: 'call', topic, method: 'add' });
  const statuses: number[] = [];
  const asked = Array.from({ length: 12 }, async () =>
    statuses.push((await one.ask(ROUTES.call, { method: 'POST', headers, body })).status),
  );
  await eventually(() => expect(statuses).toEqual([429, 429, 429, 429]));
  expect(waiting).toHaveLength(8);
  for (const resolve of waiting) resolve({ outcome: 'ok', duration: 1, error: null });
  await Promise.all(asked);
  expect(statuses.filter((status) => status === 200)).toHaveLength(8);
});

describe('names of the host', () => {
  it.each([
    [['localhost:3000'], 'localhost:3000'],
    [['::1'], '[::1]:80'],
    [['Explorer.Internal.'], 'explorer.internal'],
    [['*'], 'anything.example'],
  ])('%j allow %s', async (allowedHosts, host) => {
    const { page } = await start({ explorer: { allowedHosts } });
    expect((await page().ask(ROUTES.snapshot, { headers: { host } })).status).toBe(200);
    if (host !== 'anything.example')
      expect((await page().ask(ROUTES.snapshot, { headers: { host: 'evil.example' } })).status).toBe(403);
  });

  it.each([
    { allowedHosts: [] },
    { allowedHosts: ['http://x'] },
    { allowedHosts: ['a b'] },
    { slowThreshold: 0 },
    { slowThreshold: '0ms' },
  ])('and durations that would lock the page are refused: %j', (options) => {
    expect(() => explorer.OsloExplorerModule.register(options as explorer.OsloExplorerOptions)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError' }) as Error,
    );
  });
});

it('keeps its headers where it is off', async () => {
  const { page } = await start({ explorer: { enabled: false } });
  const off = await page().ask(ROUTES.snapshot);
  expect(off.status).toBe(404);
  expect(off.headers['content-security-policy']).toContain("default-src 'none'");
});

describe('the guard of the documentation', () => {
  it.each(['express', 'fastify'] as const)(
    'asks a browser for the key on %s, and admits nobody without one',
    async (framework) => {
      const { page } = await start({ framework, explorer: { guards: [documentedGuard()] } });
      const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } });
      vi.stubEnv('OPERATOR_KEY', undefined);
      for (const asked of [{}, basic('operator:'), basic('operator:undefined'), basic(':')])
        expect((await page().ask(ROUTES.snapshot, asked)).status).toBe(401);
      vi.stubEnv('OPERATOR_KEY', 'key-of-an-operator');
      const refused = await page().ask('');
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([
        401,
        'Basic realm="explorer", charset="UTF-8"',
      ]);
      expect((await page().ask('', basic('operator:key-of-another'))).status).toBe(401);
      for (const path of ['', 'assets/page.js', ROUTES.snapshot])
        expect((await page().ask(path, basic('operator:key-of-an-operator'))).status, path).toBe(200);
    },
  );
});

/** Returns the guard of the documentation, compiled. */
function documentedGuard(): Type<CanActivate> {
  const text = readFileSync(new URL('../../../docs/how-to/explorer.md', import.meta.url), 'utf8');
  const source = [...text.matchAll(/```ts\n(.*?)```/gs)]
    .map(([, code = '']) => code)
    .find((code) => /OperatorGuard/.test(code));
  const { outputText } = ts.transpileModule(source ?? '', {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, experimentalDecorators: true },
  });
  const load = createRequire(import.meta.url);
  const require = (name: string): unknown => (name === 'nestjs-oslo-messaging/explorer' ? explorer : load(name));
  const exported: { OperatorGuard?: Type<CanActivate> } = {};
  new Function('require', 'exports', outputText)(require, exported);
  if (!exported.OperatorGuard) throw new Error('the documentation has no guard');
  return exported.OperatorGuard;
}
