import { expect, it } from 'vitest';
import { describeWithChromium } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { FakeExplorer } from '../../support/explorer/fake-explorer.js';
import { snapshot } from '../../support/explorer/fixture-snapshot.js';
import { history, message, NO_HISTORY, tick } from '../../support/explorer/fixture-traffic.js';
import { PageSession } from '../../support/explorer/page-session.js';

describeWithChromium('Live messages and charts of the explorer', () => {
  const session = new PageSession();
  const rows = '.rows .row';

  it('shows messages as they come, and holds them while it is paused', async () => {
    session.explorer.history = NO_HISTORY;
    const page = await session.open('live');
    await page.getByText('No message yet').waitFor();
    session.explorer.push('messages', [
      message(1, { method: 'first', outcome: 'pending', duration: null }),
      message(2),
    ]);
    await page.getByText('2 messages; the latest 500 are kept.').waitFor();
    expect(await page.locator(`${rows} .method`).allTextContents()).toEqual(['get', 'first']);
    session.explorer.push('messages', [message(1, { method: 'first', duration: 4 })]);
    await page.locator(rows, { hasText: 'first' }).getByText('ok').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    session.explorer.push('messages', [message(3, { method: 'later' }), message(4)]);
    await page.getByText('Paused; 2 newer.').waitFor();
    expect(await page.locator(rows).count()).toBe(2);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.locator(rows, { hasText: 'later' }).waitFor();
    expect(session.complaints).toEqual([]);
  });

  it('filters by text, method, kind, outcome and direction, in a URL that can be sent to a colleague', async () => {
    const page = await session.open('live');
    await page.getByLabel('Search in messages').fill('req-000230 admin');
    await page.getByText('1 message of 240').waitFor();
    await page.getByRole('link', { name: 'Clear filters' }).click();
    await page.getByLabel('Method').fill('stock.');
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByLabel('Direction').selectOption('out');
    await page.getByLabel('Kind').selectOption('call');
    await page.getByText('6 messages of 240').waitFor();
    expect(new Set(await page.locator(`${rows} .method`).allTextContents())).toEqual(new Set(['stock.reserve']));
    expect(new URL(page.url()).hash).toBe('#/live?method=stock.&outcome=failed&direction=out&kind=call');
    const other = await session.open(new URL(page.url()).hash.slice(2));
    await other.getByText('6 messages of 240').waitFor();
    await other.getByLabel('Method').fill('no such method');
    await other.getByText('No message fits the filters').waitFor();
  });

  it('opens a message with everything that is known of it, and steps to its neighbours', async () => {
    const traceback = ['    at Conductor.heal (conductor.ts:41:11)'];
    const error = { type: 'VnfNotFound', message: 'VNF vnf-91 could not be found', traceback };
    const args = '{"vnf_id":"vnf-91","size":12345678901234567890}';
    session.explorer.history = history({
      messages: [message(1), message(2, { method: 'scale', outcome: 'error', result: null, error, args, waited: 320 })],
    });
    const page = await session.open('live');
    await page.locator(rows, { hasText: 'scale' }).click();
    const drawer = page.getByRole('dialog', { name: 'call scale' });
    const facts = await drawer.locator('.facts').textContent();
    for (const fact of ['received by this application', 'tacker', 'admin / nfv', 'req-000002', '320 ms'])
      expect(facts).toContain(fact);
    expect(await drawer.locator('.error-box').textContent()).toBe(
      `${error.type}${error.message}Traceback of the server${traceback.join('')}`,
    );
    // Not the nearest number that a browser can hold.
    expect(await drawer.getByRole('region', { name: 'Arguments' }).textContent()).toContain('12345678901234567890');
    await drawer.getByRole('button', { name: 'Older' }).click();
    await page.getByRole('dialog', { name: 'call get' }).waitFor();
    expect(await page.getByRole('dialog').locator('.json').last().textContent()).toContain('"status": "ACTIVE"');
  });

  it('keeps and renders a bounded number of messages', async () => {
    const page = await session.open('live');
    for (let batch = 0; batch < 20; batch++)
      session.explorer.push(
        'messages',
        Array.from({ length: 100 }, (_, index) => message(1000 + batch * 100 + index)),
      );
    await page.locator(rows, { hasText: 'vnf-2999' }).waitFor();
    await page.getByText('500 messages; the latest 500 are kept.').waitFor();
    expect(await page.locator(rows).count()).toBe(100);
    await page.getByText('Showing 100 of 500.').waitFor();
    await page.getByRole('button', { name: 'Show 100 more' }).click();
    await eventually(async () => expect(await page.locator(rows).count()).toBe(200));
  });

  it('says that it shows a sample, and that the tap lost messages', async () => {
    const page = await session.open('live');
    expect(await page.getByText(/^Showing 1 of/).count()).toBe(0);
    for (let second = 600; second < 611; second++)
      session.explorer.push('tick', tick(second, { shown: 40, total: 1600, lost: second === 610 ? 12 : 0 }));
    await page.getByText('Showing 1 of 40 messages: the numbers count all; the tap lost 12 messages').waitFor();
    await page.locator('nav a', { hasText: 'Slow and failed' }).click();
    await page.getByText('Showing 1 of 40 messages').waitFor();
  });

  it('lists slow and failed messages longer than others, by time or duration', async () => {
    const page = await session.open('slow?show=slow&order=duration');
    const durations = await page.locator(`${rows} .took`).allTextContents();
    expect(durations.slice(0, 2)).toEqual(['1 min', '1 min']);
    expect(durations.at(-1)).toBe('1.8 s');
    session.explorer.push('messages', [message(5000, { method: 'crawl', slow: true, duration: 90_000 })]);
    await page.locator(rows, { hasText: 'crawl' }).getByText('1 min 30 s').waitFor();
    await page.getByRole('combobox', { name: 'List' }).selectOption('failed');
    await page.locator(rows, { hasText: 'VnfNotFound' }).first().waitFor();
  });

  it('draws charts that text says as well', async () => {
    const page = await session.open('charts');
    for (const title of ['Throughput', 'Latency', 'Errors and timeouts', 'In flight']) {
      const chart = page.locator('.chart', { has: page.getByText(title, { exact: true }) });
      // Drawn after the page is painted. More than one would be refused here.
      await chart.locator('canvas').waitFor();
      expect(await chart.locator('p.sr-only').textContent(), title).toMatch(/now .*, highest /);
    }
    const latency = page.locator('.chart', { hasText: 'p99' });
    await latency.locator('summary').click();
    const table = page.getByRole('table', { name: 'Latency, by minute' });
    expect(await table.locator('tbody tr').count()).toBe(11);
    expect(await table.locator('tbody tr').first().textContent()).toMatch(/^03:12:00/);
    await page.getByRole('combobox', { name: 'Direction' }).selectOption('out');
    const throughput = page.locator('.chart', { hasText: 'Notifications' });
    session.explorer.push('tick', tick(600));
    await throughput
      .getByText(/Calls 5\d\/s/)
      .first()
      .waitFor();
  });

  it('begins with the requests that an application without topics of its own sends', async () => {
    const { topics } = snapshot();
    session.explorer.snapshot = snapshot({ topics: topics.filter(({ own }) => !own) });
    const page = await session.open('charts');
    expect(await page.getByRole('combobox', { name: 'Direction' }).inputValue()).toBe('out');
  });

  it('counts a message that is slow and failed once in the navigation', async () => {
    session.explorer.history = NO_HISTORY;
    const page = await session.open('');
    session.explorer.push('messages', [
      message(1, { slow: true }),
      message(2, { slow: true, outcome: 'timeout' }),
      message(3, { outcome: 'timeout' }),
    ]);
    await page.getByRole('link', { name: /^Slow and failed 3/ }).waitFor();
  });

  it('says that the explorer is lost, tries again by itself, and shows the new state', async () => {
    const page = await session.open('live');
    const { port } = session.explorer;
    await session.explorer.stop();
    await page.getByText('The explorer does not answer.').waitFor();
    await page.getByText(/^Not connected to the explorer since/).waitFor();
    expect(await page.title()).toContain('⚠');
    const back = await FakeExplorer.start(port);
    try {
      back.snapshot = snapshot({ title: 'restarted' });
      back.history = history({ messages: [message(1, { method: 'after_restart' })] });
      await page.getByText('live', { exact: true }).waitFor();
      await page.locator(rows, { hasText: 'after_restart' }).waitFor();
      expect(await page.locator(rows).count()).toBe(1);
      expect(await page.getByText(/^Not connected/).count()).toBe(0);
      back.refusal = { status: 503, refusal: { error: { code: 'too-many', message: 'There are 10 pages already' } } };
      back.cut();
      await page.getByText('There are 10 pages already').waitFor();
      back.refusal = undefined;
      await page.getByRole('button', { name: 'Try now' }).click();
      await page.getByText('live', { exact: true }).waitFor();
      await eventually(() => expect(back.listeners).toBe(1));
    } finally {
      await back.stop();
    }
  });
});
