import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWithChromium } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { axeFindings } from '../../support/explorer/axe.js';
import { SIZES } from '../../support/explorer/browser.js';
import { NIGHT } from '../../support/explorer/fixture-findings.js';
import { readOnly, snapshot, transport } from '../../support/explorer/fixture-snapshot.js';
import { history, MESSAGES, message, NO_HISTORY } from '../../support/explorer/fixture-traffic.js';
import { PageSession } from '../../support/explorer/page-session.js';

const VIEWS = [
  'Overview',
  'Live',
  'Charts',
  'Topics',
  'Call',
  'Dead letters',
  'Slow and failed',
  'Unknown methods',
  'Back-off and slots',
];

/** State with everything in it. */
const BUSY = snapshot({
  findings: Object.values(NIGHT),
  notices: ['Give managementUrl to see the queues.'],
  transports: [transport({ status: 'blocked', blockedSeconds: 42 }), transport({ use: 'notifications' })],
  timeouts: [{ transport: null, method: 'stock.reserve', timeout: 240_000, level: 2, first: 60_000, max: 600_000 }],
});
/** State with nothing in it. */
const IDLE = readOnly({ transports: [], topics: [], unknownMethods: [], findings: [], findingsAt: null });

/** Names of the focused element and its state, in words. */
const FOCUSED = `(() => {
  const { activeElement: element } = document;
  return element.getAttribute('aria-label') ?? element.textContent.trim();
})()`;

async function goTo(page: Page, view: string): Promise<void> {
  const link = page.locator('nav a', { hasText: view });
  await link.click();
  await page.getByRole('heading', { level: 1, name: view }).waitFor();
}

const press = async (page: Page, ...keys: readonly string[]) => {
  for (const key of keys) await page.keyboard.press(key);
};

describeWithChromium('Page of the explorer, for everybody', () => {
  const session = new PageSession();

  for (const [size, viewport] of Object.entries(SIZES))
    for (const state of ['busy', 'idle'] as const)
      it(`has no finding of axe, and nothing beyond the edge, at ${viewport.width} px while it is ${state}`, async () => {
        session.explorer.snapshot = state === 'busy' ? BUSY : IDLE;
        // A few of each kind: all rows are alike.
        session.explorer.history = state === 'idle' ? NO_HISTORY : history({ messages: MESSAGES.slice(-41) });
        const page = await session.open('', { viewport, colorScheme: 'light' });
        for (const view of VIEWS) {
          await goTo(page, view);
          expect(await axeFindings(page), `${view}, light`).toEqual([]);
          await page.emulateMedia({ colorScheme: 'dark' });
          await page.locator('[data-theme="dark"]').waitFor();
          expect(await axeFindings(page, ['color-contrast']), `${view}, dark`).toEqual([]);
          await page.emulateMedia({ colorScheme: 'light' });
          await page.locator('[data-theme="light"]').waitFor();
          const beyond = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
          expect(beyond, `${view}, ${size}`).toBeLessThanOrEqual(0);
        }
        expect(session.complaints).toEqual([]);
      });

  it('can be used by keyboard alone, with the focus in view', async () => {
    const page = await session.open('live');
    await press(page, 'Tab');
    expect(await page.evaluate(FOCUSED)).toBe('Skip to the content');
    await press(page, 'Enter');
    expect(await page.evaluate(FOCUSED)).toBe('Live');
    await press(page, 'Tab');
    const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
    // Filters, pause, then one stop for the whole list.
    await press(page, 'Tab', 'Tab', 'Tab', 'Tab');
    await press(page, 'Tab', 'Tab');
    const first = await page.evaluate<string>(FOCUSED);
    await press(page, 'ArrowDown');
    const second = await page.evaluate<string>(FOCUSED);
    expect(first).toContain('port_status');
    expect(second).not.toBe(first);
    await press(page, 'End', 'Home');
    expect(await page.evaluate(FOCUSED)).toBe(first);
    await press(page, 'ArrowDown', 'Enter');
    const drawer = page.getByRole('dialog');
    await drawer.waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await press(page, 'Escape');
    await drawer.waitFor({ state: 'detached' });
    expect(await page.evaluate(FOCUSED)).toBe(second);
  });

  it('keeps the focus at the list when the row in hand leaves it', async () => {
    const page = await session.open('live');
    const list = 'Messages, the latest first';
    const push = (id: number) =>
      session.explorer.push(
        'messages',
        Array.from({ length: 100 }, (_, index) => message(id + index)),
      );
    const newest = (id: number) => page.locator('.rows .row').first().getByText(`vnf-${id}`).waitFor();
    await page.locator('.rows .row').first().focus();
    push(1000);
    await newest(1099);
    await eventually(async () => expect(await page.evaluate(FOCUSED)).toBe(list));
    await press(page, 'ArrowDown');
    expect(await page.evaluate(FOCUSED)).toContain('vnf-1099');
    await press(page, 'Enter');
    const drawer = page.getByRole('dialog');
    await drawer.waitFor();
    push(2000);
    await newest(2099);
    await press(page, 'Escape');
    await drawer.waitFor({ state: 'detached' });
    await eventually(async () => expect(await page.evaluate(FOCUSED)).toBe(list));
    expect(await axeFindings(page)).toEqual([]);
  });

  it('follows the theme of the system, and remembers another one and nothing else', async () => {
    const page = await session.open('', { colorScheme: 'dark' });
    const shown = () => page.evaluate<string>('document.documentElement.dataset.theme');
    expect(await shown()).toBe('dark');
    const ground = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    await page.getByRole('button', { name: 'Theme: system. Change' }).click();
    await page.locator('[data-theme="light"]').waitFor();
    expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).not.toBe(ground);
    await page.reload();
    await page.getByRole('button', { name: 'Theme: light. Change' }).waitFor();
    expect(await shown()).toBe('light');
    await page.locator('nav a', { hasText: 'Live' }).click();
    await page.getByLabel('Search in messages').fill('vnf-230');
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual(['oslo-explorer-theme']);
    expect(await page.evaluate('Object.keys(sessionStorage)')).toEqual([]);
  });

  it('moves nothing by itself where motion is to be reduced', async () => {
    const page = await session.open('live');
    const times = await page.evaluate<string[]>(
      "[...document.querySelectorAll('*')].map((element) => getComputedStyle(element).transitionDuration)",
    );
    expect(new Set(times)).toEqual(new Set(['0s']));
  });
});
