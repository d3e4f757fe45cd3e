import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CSRF_HEADER, ROUTES } from '../../../lib/explorer/protocol.js';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { type ExploredAppSettings, exploredApp } from '../../support/explored-app.js';
import { expectNoSecrets } from '../../support/secrets.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(settings: Partial<ExploredAppSettings> = {}) {
  const topic = uniqueTopic('secured');
  const explored = await exploredApp({ topic, ...settings });
  closing.push(() => explored.app.close());
  return { ...explored, topic };
}

const GETS = ['', 'assets/page.js', ROUTES.session, ROUTES.snapshot, ROUTES.history, ROUTES.events, ROUTES.dead];

describe('secrets', () => {
  const SECRETS = {
    password: 'pa55-of-a-user',
    token: 'gAAAAAB-token-of-somebody',
    header: 'Bearer-of-a-header-secret',
    url: 'pa55-in-a-url',
  };

  it.each(['express', 'fastify'] as const)('appear neither in page, JSON nor events on %s', async (framework) => {
    const { page, topic, client } = await start({
      framework,
      explorer: { readOnly: false, managementUrl: `http://me:${SECRETS.url}@127.0.0.1:1/` },
    });
    const seen = page();
    closing.push(() => seen.close());
    await seen.open();
    const context = { user_id: 'alice', auth_token: SECRETS.token, headers: { authorization: SECRETS.header } };
    const args = { password: SECRETS.password, auth_token: SECRETS.token };
    await client.call(context, 'login', args);
    await expect(client.call(context, 'fail', { password: SECRETS.password })).rejects.toThrow();
    // Quoted under names that say nothing: the token of the context, and a URL with a password.
    const quoted = `use ${SECRETS.token} at rabbit://me:${SECRETS.url}@host/ with Authorization: ${SECRETS.header}`;
    await client.cast(context, 'note', { text: quoted });
    await client.call(context, SECRETS.token, {}).catch(() => undefined);
    const answer = await seen.post(ROUTES.call, { topic, kind: 'call', method: 'login', context, args });
    expect(JSON.parse(answer.text)).toMatchObject({ result: { token: '***', welcome: 'you came with ***' } });
    await seen.post(ROUTES.call, {
      topic,
      kind: 'call',
      method: 'fail',
      context,
      args: { password: SECRETS.password },
    });
    await seen.post(ROUTES.replay, { queue: `x.dead ${SECRETS.token}`, all: true, transport: SECRETS.token });
    const methods = () =>
      seen.events.flatMap((event) => (event.name === 'messages' ? event.data.map(({ method }) => method) : []));
    await eventually(() =>
      expect(methods()).toEqual(expect.arrayContaining(['login', 'fail', 'note', '***']) as string[]),
    );
    await seen.event('snapshot', ({ unknownMethods }) => unknownMethods.length > 0);
    for (const path of GETS.filter((one) => one !== ROUTES.events)) await seen.ask(path);
    expect(seen.received.join('')).toContain('"method":"login"');
    expectNoSecrets(seen.received, Object.values(SECRETS));
  });
});

describe('a page that may not write', () => {
  it('refuses calls and replays, and gives no token', async () => {
    const { page, topic } = await start();
    for (const route of [ROUTES.call, ROUTES.replay]) {
      const refused = await page().post(route, { topic, method: 'note', kind: 'cast' });
      expect(refused.status).toBe(403);
      expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'read-only' } });
    }
    expect(await page().json(ROUTES.session)).toEqual({ csrfToken: '' });
  });
});

describe('a page that may write', () => {
  const body = JSON.stringify({ topic: 't', method: 'm', kind: 'cast' });
  const json = { 'content-type': 'application/json' };

  it('gives its token to a cookie that scripts and other sites do not get', async () => {
    const { page } = await start({ explorer: { readOnly: false } });
    const { headers } = await page().ask(ROUTES.session);
    expect(headers['set-cookie']?.[0]).toMatch(/^oslo_explorer=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  it.each([
    ['without a token', {}],
    ['with the token of another cookie', { [CSRF_HEADER]: 'a'.repeat(43) }],
    ['of another site', { 'sec-fetch-site': 'cross-site' }],
    ['of another name of the site', { 'sec-fetch-site': 'same-site' }],
  ])('refuses a request %s', async (_name, headers) => {
    const { page } = await start({ explorer: { readOnly: false } });
    const answer = await page().ask(ROUTES.call, { method: 'POST', headers: { ...json, ...headers }, body });
    expect(answer.status).toBe(403);
    expect((await page().post(ROUTES.call, {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('refuses a body that a form of another site could send', async () => {
    const { page } = await start({ explorer: { readOnly: false } });
    expect((await page().post(ROUTES.call, {}, { 'content-type': 'text/plain' })).status).toBe(400);
  });
});

describe('guards', () => {
  @Injectable()
  class KeyGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
      return headers['x-key'] === 'right';
    }
  }

  it.each([
    ['express', 'a class', KeyGuard],
    ['fastify', 'a class', KeyGuard],
    ['express', 'an instance', new KeyGuard()],
    ['fastify', 'an instance', new KeyGuard()],
  ] as const)('keep all routes on %s, given as %s', async (framework, _form, guard) => {
    const { page } = await start({ framework, explorer: { guards: [guard], readOnly: false } });
    for (const path of GETS) expect((await page().ask(path)).status, path).toBe(403);
    for (const path of [ROUTES.call, ROUTES.replay])
      expect(
        (await page().ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }))
          .status,
      ).toBe(403);
    for (const path of GETS.filter((one) => one !== ROUTES.events))
      expect((await page().ask(path, { headers: { 'x-key': 'right' } })).status, path).toBe(200);
  });
});

describe('allowed hosts', () => {
  it('are the only names by which the page can be reached', async () => {
    const { page } = await start({ explorer: { allowedHosts: ['explorer.internal'] } });
    expect((await page().ask(ROUTES.snapshot)).status).toBe(403);
    expect((await page().ask('', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await page().ask('', { headers: { host: 'explorer.internal:3000' } })).status).toBe(200);
  });
});

describe('production', () => {
  it('has no explorer unless it is enabled', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const off = await start();
    expect((await off.page().ask('')).status).toBe(404);
    expect((await off.page().ask(ROUTES.snapshot)).status).toBe(404);
    expect(off.log.messages(/explorer/)).toEqual([
      'The explorer is off because NODE_ENV is production; enabled: true turns it on',
    ]);
    const on = await start({ explorer: { enabled: true } });
    expect((await on.page().ask('')).status).toBe(200);
    expect(on.log.messages(/explorer is/)).toEqual([`The explorer is at ${on.url}/rpc/ (read-only)`]);
  });
});

describe('pages', () => {
  it('are no more than allowed, and make room when they close', async () => {
    const { page } = await start({ explorer: { maxClients: 1 } });
    const first = await page().open();
    expect((await page().ask(ROUTES.events)).status).toBe(429);
    first.destroy();
    await eventually(async () => {
      const next = page();
      closing.push(() => next.close());
      expect((await next.open()).statusCode).toBe(200);
    });
  });
});
