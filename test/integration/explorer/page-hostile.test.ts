import { expect, it } from 'vitest';
import type { Snapshot } from '../../../lib/explorer/protocol.js';
import { describeWithChromium } from '../../support/environment.js';
import { SIZES } from '../../support/explorer/browser.js';
import { DEAD, snapshot, transport } from '../../support/explorer/fixture-snapshot.js';
import { method, NOW } from '../../support/explorer/fixture-topics.js';
import { history, message } from '../../support/explorer/fixture-traffic.js';
import { PageSession } from '../../support/explorer/page-session.js';

/** Names that a peer can put on the wire. */
const NAMES = [
  '<img src=x onerror="hacked=1"><script>hacked=1</script>',
  '"><svg onload=hacked=1>',
  'javascript:hacked=1',
  '__proto__',
  'constructor',
  '{{hacked=1}}#{hacked=1}',
  '\u202Eevil\u0000\u0007\r\n',
  'x'.repeat(5000),
];
const VIEWS = [
  '',
  'live',
  'charts',
  'topics',
  'call',
  'dead',
  'slow?show=slow',
  'slow?show=failed',
  'unknown',
  'backoff',
];

function hostile(name: string): Partial<Snapshot> {
  const [server] = snapshot().topics[0]?.servers ?? [];
  const properties = {
    type: 'object',
    properties: { [name]: { type: 'string', description: name } },
    required: [name],
  };
  return {
    title: name,
    version: name,
    notices: [name],
    transports: [
      transport({
        name,
        url: name,
        status: 'disconnected',
        lastError: { message: name, at: NOW },
        consumers: [{ queue: name, attached: false }],
        counts: { [name]: 1 },
      }),
    ],
    topics: [
      {
        exchange: name,
        topic: name,
        transport: name,
        own: false,
        servers: server ? [{ ...server, name, host: name, library: name, runtime: name }] : [],
        others: 0,
        apis: [
          {
            namespace: name,
            version: name,
            methods: [
              method(name, { args: properties, example: { [name]: name }, doc: name, handler: name, since: name }),
            ],
          },
        ],
        queues: [{ name, ready: 1, unacknowledged: 1, consumers: 0 }],
      },
    ],
    timeouts: [{ transport: name, method: name, timeout: 2, level: 1, first: 1, max: 4 }],
    unknownMethods: [
      { exchange: name, topic: name, namespace: name, version: name, method: name, error: name, count: 1, at: NOW },
    ],
    findings: [{ severity: 'fault', state: name, kind: name, name, text: name, why: name, cure: name }],
  };
}

const hostileMessage = (name: string) =>
  message(1, {
    exchange: name,
    topic: name,
    server: name,
    namespace: name,
    version: name,
    method: name,
    args: name,
    result: name,
    outcome: 'error',
    error: { type: name, message: name, traceback: [name] },
    caller: name,
    requestId: name,
    messageId: name,
    handler: name,
    slow: true,
  });

describeWithChromium('Page of the explorer and hostile names', () => {
  const session = new PageSession();

  it('shows them as text, in all views and in the smallest size', async () => {
    const [queue] = DEAD.queues;
    const page = await session.open('', { viewport: SIZES.narrow });
    page.on('dialog', () => expect.unreachable('a name has opened a dialog'));
    for (const name of NAMES) {
      const shown = name.slice(0, 20);
      session.explorer.snapshot = snapshot(hostile(name));
      const messages = [hostileMessage(name)];
      session.explorer.history = history({ messages, slow: messages, failed: messages });
      const group = {
        ...(queue?.groups[0] as NonNullable<typeof queue>['groups'][number]),
        method: name,
        reason: name,
      };
      session.explorer.dead = {
        ...DEAD,
        incomplete: name,
        queues: [{ ...(queue as NonNullable<typeof queue>), queue: name, original: name, groups: [group] }],
      };
      await page.reload();
      await page.getByText('live', { exact: true }).waitFor();
      for (const view of VIEWS) {
        await page.goto(`${session.explorer.url}#/${view}`);
        await page.locator('main .panel, main .empty, main .rows, main .charts').first().waitFor();
        const beyond = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(beyond, `${view}: ${shown}`).toBeLessThanOrEqual(0);
        expect(await page.locator('main img, main script, main svg[onload], a[href^="javascript"]').count()).toBe(0);
      }
      await page.goto(`${session.explorer.url}#/live`);
      await page.locator('.rows .row').click();
      const drawer = page.getByRole('dialog');
      // The browser shows a NUL as another character, and ends lines in its own way.
      if (!name.includes('\u0000')) expect(await drawer.locator('.json').first().textContent()).toBe(name);
      await page.keyboard.press('Escape');
    }
    expect(await page.evaluate('typeof hacked')).toBe('undefined');
    expect(await page.evaluate('Object.keys(Object.prototype)')).toEqual([]);
    expect(session.complaints).toEqual([]);
  });

  it('sends arguments with these names unchanged', async () => {
    session.explorer.snapshot = snapshot(hostile('__proto__'));
    const page = await session.open('call');
    session.explorer.answers.push({ body: { outcome: 'ok', duration: 1, result: NAMES[0], error: null } });
    await page.getByRole('button', { name: 'Call __proto__' }).click();
    await page.getByRole('region', { name: 'Result' }).waitFor();
    const { body } = session.explorer.posts[0] as { body: { args: object } };
    expect(Object.entries(body.args)).toEqual([['__proto__', '__proto__']]);
    expect(await page.locator('main img').count()).toBe(0);
  });
});
