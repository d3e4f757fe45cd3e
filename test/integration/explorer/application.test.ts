import { afterEach, describe, expect, it } from 'vitest';
import { CSRF_HEADER, type History, ROUTES, type Snapshot } from '../../../lib/explorer/protocol.js';
import { uniqueTopic } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { type ExploredApp, type ExploredAppSettings, exploredApp, type Framework } from '../../support/explored-app.js';
import type { ExplorerClient } from '../../support/explorer-page.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(settings: Partial<ExploredAppSettings> = {}): Promise<ExploredApp & { topic: string }> {
  const topic = uniqueTopic('explored');
  const explored = await exploredApp({ topic, ...settings });
  closing.push(() => explored.app.close());
  return { ...explored, topic };
}

async function opened(page: ExplorerClient): Promise<ExplorerClient> {
  closing.push(() => page.close());
  const stream = await page.open();
  expect(stream.statusCode).toBe(200);
  expect(stream.headers['content-type']).toMatch(/^text\/event-stream/);
  return page;
}

describe.each<Framework>(['express', 'fastify'])('the explorer on %s', (framework) => {
  it('serves the page below a global prefix, and neither frames nor scripts of others', async () => {
    const { page, url } = await start({ framework, prepare: (app) => app.setGlobalPrefix('api') });
    const answer = await page('/api/rpc/').ask('');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('<div id="explorer">');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(answer.headers['x-frame-options']).toBe('DENY');
    const redirected = await page('/api/').ask('rpc');
    expect(redirected.status).toBe(302);
    expect(new URL(redirected.headers.location ?? '', `${url}/api/rpc`).pathname).toBe('/api/rpc/');
    const script = await page('/api/rpc/').ask('assets/page.js');
    expect(script.headers['content-type']).toMatch(/^text\/javascript/);
    expect(script.text.length).toBeGreaterThan(1000);
    const unchanged = await page('/api/rpc/').ask('assets/page.js', {
      headers: { 'if-none-match': String(script.headers.etag) },
    });
    expect(unchanged).toMatchObject({ status: 304, text: '' });
    for (const path of ['assets/none.js', 'assets/..%2f..%2fpackage.json', 'assets/%2e%2e/index.html', 'api/none'])
      expect((await page('/api/rpc/').ask(path)).status, path).toBe(404);
    expect((await page('/').ask('api/hello')).text).toBe('hello');
  });

  it('describes the served methods, with schemas and examples', async () => {
    const { page, topic, client } = await start({ framework, prepare: (app) => app.enableVersioning() });
    await client.prepare({ version: '1.1' }).call({ user_id: 'alice' }, 'add', { a: 1, b: 2 });
    const snapshot = await page().snapshot();
    expect(snapshot).toMatchObject({ source: 'application', title: topic, readOnly: true });
    expect(snapshot.can).toMatchObject({ call: false, replay: false });
    expect(snapshot.transports).toHaveLength(2);
    expect(snapshot.transports[0]).toMatchObject({ use: 'rpc', broker: 'memory', status: 'connected', name: null });
    const own = snapshot.topics.find((one) => one.topic === topic);
    expect(own).toMatchObject({ own: true, exchange: 'tacker', transport: null });
    expect(own?.servers).toMatchObject([{ name: 'h1', state: 'serving', library: 'nestjs-oslo-messaging' }]);
    const [contract, plain] = own?.apis ?? [];
    expect(contract).toMatchObject({ namespace: null, version: '1.2' });
    const add = contract?.methods.find(({ name }) => name === 'add');
    expect(add).toMatchObject({
      kind: 'call',
      since: '1.1',
      example: { a: 1, b: 1 },
      handler: 'Calculator.add',
      stats: { count: 1, errors: 0 },
      args: { properties: { a: { type: 'number', description: 'first' } }, required: ['a', 'b'] },
    });
    expect(plain).toMatchObject({ namespace: 'plain', version: '2.0', methods: [{ name: 'echo', kind: 'either' }] });
    expect(snapshot.topics.every(({ queues }) => queues.every(({ name }) => name.startsWith(topic)))).toBe(true);
  });

  it('sends calls, casts, failures and unknown methods as they happen', async () => {
    const { page, topic, client } = await start({ framework });
    const seen = await opened(page());
    await client.prepare({ version: '1.1' }).call({ user_id: 'alice', request_id: 'req-7' }, 'add', { a: 1, b: 2 });
    await client.cast({ user_id: 'bob' }, 'note', { text: 'hi' });
    await expect(client.call({}, 'fail', { password: 'not-in-the-page' })).rejects.toThrow();
    await expect(client.call({}, 'nothing', {})).rejects.toMatchObject({ excType: 'NoSuchMethod' });
    const messages = () => seen.events.flatMap((event) => (event.name === 'messages' ? event.data : []));
    await eventually(() => {
      const ended = messages().filter(({ outcome }) => outcome !== 'pending');
      const served = ended.filter(({ direction }) => direction === 'in');
      expect(served.map(({ method }) => method)).toEqual(
        expect.arrayContaining(['add', 'note', 'fail', 'nothing']) as string[],
      );
      expect(ended).toContainEqual(
        expect.objectContaining({
          direction: 'out',
          kind: 'call',
          method: 'add',
          topic,
          exchange: 'tacker',
          args: '{"a":1,"b":2}',
          result: '3',
          outcome: 'ok',
          caller: 'alice',
          requestId: 'req-7',
        }),
      );
      const failed = ended.find(({ method, direction }) => method === 'fail' && direction === 'in');
      expect(failed).toMatchObject({ outcome: 'error', args: '{"password":"***"}', handler: 'Calculator.fail' });
      expect(failed?.error?.message).toBe('cannot log in with ***');
    });
    const ticks = () => seen.events.flatMap((event) => (event.name === 'tick' ? event.data : []));
    await eventually(() => {
      const calls = ticks().reduce((sum, { traffic }) => sum + (traffic.in?.calls ?? 0), 0);
      const casts = ticks().reduce((sum, { traffic }) => sum + (traffic.out?.casts ?? 0), 0);
      const errors = ticks().reduce((sum, { traffic }) => sum + (traffic.in?.errors ?? 0), 0);
      expect({ calls, casts, errors }).toEqual({ calls: 3, casts: 1, errors: 2 });
    });
    expect(ticks().at(-1)?.traffic.in?.inFlight).toBe(0);
    const { unknownMethods } = await page().snapshot();
    expect(unknownMethods).toMatchObject([{ topic, method: 'nothing', error: 'NoSuchMethod', count: 1 }]);
    const history = await page().json<History>(ROUTES.history);
    expect(history.failed.map(({ method }) => method)).toContain('fail');
    expect(history.messages.length).toBeGreaterThanOrEqual(8);
  });

  it('calls and casts where it may write, with the token of the session alone', async () => {
    const { page, topic } = await start({ framework, explorer: { readOnly: false } });
    const seen = page();
    const add = {
      topic,
      method: 'add',
      kind: 'call',
      version: '1.1',
      args: { a: 20, b: 22 },
      context: { user_id: 'me' },
    };
    const answer = await seen.post(ROUTES.call, add);
    expect(JSON.parse(answer.text)).toMatchObject({ outcome: 'ok', result: 42, error: null });
    const failing = await seen.post(ROUTES.call, {
      ...add,
      method: 'fail',
      version: '1.0',
      args: { password: 'quoted-secret' },
    });
    expect(JSON.parse(failing.text)).toMatchObject({ outcome: 'error', error: { message: 'cannot log in with ***' } });
    expect(failing.text).not.toContain('quoted-secret');
    const cast = await seen.post(ROUTES.call, {
      ...add,
      kind: 'cast',
      method: 'note',
      version: '1.0',
      args: { text: 'x' },
    });
    expect(JSON.parse(cast.text)).toMatchObject({ outcome: 'ok', error: null });
    for (const [wrong, message] of [
      [{ ...add, topic: '' }, /^topic: /],
      [{ ...add, kind: 'shout' }, /^kind: /],
      [{ ...add, args: [1] }, /^args: /],
      [{ ...add, timeout: 1e9 }, /^timeout: /],
      [{ ...add, transport: 'other' }, /^transport: /],
    ] as const) {
      const refused = await seen.post(ROUTES.call, wrong);
      expect(refused.status).toBe(400);
      expect((JSON.parse(refused.text) as { error: { message: string } }).error.message).toMatch(message);
    }
    const other = await page().post(ROUTES.call, add, { [CSRF_HEADER]: 'x'.repeat(43) });
    expect(JSON.parse(other.text)).toMatchObject({ error: { code: 'stale-token' } });
  });

  it('ends the events and its timers with the application', async () => {
    const { app, page } = await start({ framework });
    const stream = await page().open();
    const ended = new Promise((resolve) => stream.on('end', resolve).on('error', resolve).resume());
    await app.close();
    await ended;
  });
});

it('shows two applications of one process apart', async () => {
  const one = await start();
  const other = await start();
  await one.client.call({}, 'note', { text: 'x' });
  const count = ({ topics }: Snapshot) =>
    topics.flatMap(({ apis }) => apis.flatMap(({ methods }) => methods.map(({ stats }) => stats?.count ?? 0)));
  expect(Math.max(...count(await one.page().snapshot()))).toBe(1);
  expect(Math.max(...count(await other.page().snapshot()))).toBe(0);
});
