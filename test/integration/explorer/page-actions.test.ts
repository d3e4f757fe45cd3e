import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { ROUTES } from '../../../lib/explorer/protocol.js';
import { describeWithChromium } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';
import { DEAD, readOnly, snapshot } from '../../support/explorer/fixture-snapshot.js';
import { method, TOPICS } from '../../support/explorer/fixture-topics.js';
import { PageSession } from '../../support/explorer/page-session.js';

describeWithChromium('Calls and replays from the page of the explorer', () => {
  const session = new PageSession();
  const value = (field: Locator) => field.inputValue();

  it('makes a call from the fields of the contract, and shows its result', async () => {
    const page = await session.open('topics');
    await page.getByRole('link', { name: 'Call scale' }).click();
    expect(await value(page.getByLabel('vnf_id'))).toBe('vnf-7f3a');
    await page.getByLabel('steps').fill('3');
    await page.getByLabel('aspect').selectOption('cpu');
    await page.getByLabel('force').selectOption('true');
    await page.getByLabel('tags').fill('["a", "b"]');
    await page.getByLabel('grace').fill('2.5');
    await page.getByLabel('Server any, if empty').fill('control-2');
    await page.getByText('Request context').click();
    await page.getByLabel('A JSON object in the keys of the wire').fill('{"user_id": "ops"}');
    session.explorer.answers.push({ body: { outcome: 'ok', duration: 41, result: { size: 3 }, error: null } });
    await page.getByRole('button', { name: 'Call scale' }).click();
    await page.getByRole('status').getByText('call scale').waitFor();
    expect(await page.getByRole('region', { name: 'Result' }).textContent()).toBe('{\n  "size": 3\n}');
    expect(session.explorer.posts).toEqual([
      {
        route: ROUTES.call,
        token: 'token-1',
        body: {
          transport: null,
          exchange: 'tacker',
          topic: 'conductor',
          server: 'control-2',
          namespace: null,
          version: '1.2',
          method: 'scale',
          kind: 'call',
          args: { vnf_id: 'vnf-7f3a', aspect: 'cpu', steps: 3, force: true, tags: ['a', 'b'], options: { grace: 2.5 } },
          context: { user_id: 'ops' },
          timeout: 10_000,
        },
      },
    ]);
    expect(session.complaints).toEqual([]);
  });

  it('sends nothing while a field is wrong, and puts the focus there', async () => {
    const page = await session.open('call?topic=conductor&method=scale');
    const wrong = async (label: string, text: string, error: string) => {
      const field = page.getByLabel(label);
      const before = await value(field);
      await field.fill(text);
      await page.getByRole('button', { name: 'Call scale' }).click();
      await page.getByText(error).waitFor();
      await eventually(async () =>
        expect(await field.evaluate((element) => element.matches(':focus[aria-invalid="true"]'))).toBe(true),
      );
      await field.fill(before);
    };
    await wrong('steps', '', 'This argument is required.');
    await wrong('steps', '1.5', 'Not a whole number.');
    await wrong('steps', '11', 'Above 10.');
    await wrong('steps', '12345678901234567890', 'A browser cannot send whole numbers beyond');
    await wrong('tags', 'a', 'Not JSON: a text needs quotes');
    await wrong('Timeout, seconds', '61', 'From 0 to 60 seconds.');
    expect(session.explorer.posts).toEqual([]);
  });

  it('takes raw JSON, keeps the filled-in fields, and shows the error with its traceback', async () => {
    const page = await session.open('call?topic=conductor&method=scale');
    await page.getByLabel('vnf_id').fill('vnf-1');
    await page.getByRole('button', { name: 'JSON', exact: true }).click();
    const json = page.getByLabel('Arguments, a JSON object');
    expect(JSON.parse(await value(json))).toEqual({ vnf_id: 'vnf-1', aspect: 'worker', steps: 2 });
    await json.fill('[1]');
    await page.getByRole('button', { name: 'Call scale' }).click();
    await page.getByText('Not an object').waitFor();
    await json.fill('{"vnf_id": "vnf-2", "other": null}');
    const error = { type: 'VnfNotFound', message: 'no <b>vnf-2</b>', traceback: ['Traceback:\n', '  line 12\n'] };
    session.explorer.answers.push({ body: { outcome: 'error', duration: 3, error } });
    await page.getByRole('button', { name: 'Call scale' }).click();
    await page.getByText(error.message).waitFor();
    expect(await page.getByRole('region', { name: 'Traceback' }).textContent()).toBe('Traceback:\n  line 12');
    expect(session.explorer.posts[0]?.body).toMatchObject({ args: { vnf_id: 'vnf-2', other: null } });
  });

  it('sends casts and fanouts, and says that nobody answers', async () => {
    const page = await session.open('call?topic=conductor&method=take_inventory');
    await page.getByText('No schema of the arguments is known.').waitFor();
    expect(await value(page.getByLabel('Send as'))).toBe('fanout');
    session.explorer.answers.push({ body: { outcome: 'ok', duration: 2, error: null } });
    await page.getByRole('button', { name: 'Send take_inventory' }).click();
    await page.getByText('Sent; nobody answers a cast.').waitFor();
    expect(session.explorer.posts[0]?.body).toMatchObject({ kind: 'fanout', args: {}, server: null });
  });

  it('asks for another token once, and shows why a call was refused', async () => {
    const page = await session.open('call?topic=conductor&method=get');
    const refusal = { error: { code: 'forbidden' as const, message: 'Only operators may call' } };
    session.explorer.answers.push({ status: 403, refusal }, { status: 403, refusal });
    await page.getByRole('button', { name: 'Call get' }).click();
    await page.getByText('Only operators may call').waitFor();
    session.explorer.token = 'token-2';
    await page.getByRole('button', { name: 'Call get' }).click();
    await eventually(() =>
      expect(session.explorer.posts.map(({ token }) => token)).toEqual(['token-1', 'token-1', 'token-2']),
    );
  });

  it('sends nothing while it is read-only, and names the remedy', async () => {
    session.explorer.snapshot = readOnly();
    const page = await session.open('call');
    await page.getByText('read-only', { exact: true }).waitFor();
    await page.getByText('readOnly: false in OsloExplorerModule.register').waitFor();
    expect(await page.getByRole('button', { name: 'Call get' }).isDisabled()).toBe(true);
    await page.locator('nav a', { hasText: 'Dead letters' }).click();
    await page.getByText('to replay, use oslo-rpc dead replay').waitFor();
    expect(await page.getByRole('button', { name: /^Replay/ }).count()).toBe(0);
  });

  it('replays one dead letter, a group or all, after a question, and shows the outcome', async () => {
    const page = await session.open('dead');
    await page.getByText('120 dead letters in 1 queue').waitFor();
    const confirm = page.getByRole('dialog', { name: 'Replay dead letters?' });
    await page.getByRole('button', { name: 'Replay 118 messages of instantiate' }).click();
    await confirm.getByText('118 messages of instantiate to conductor').waitFor();
    await confirm.getByRole('button', { name: 'Cancel' }).click();
    expect(session.explorer.posts).toEqual([]);
    const replayed = async (name: string, result: object) => {
      session.explorer.answers.push({ body: result });
      await page.getByRole('button', { name }).click();
      await confirm.getByRole('button', { name: 'Replay', exact: true }).click();
      await confirm.waitFor({ state: 'detached' });
    };
    await replayed('Replay 118 messages of instantiate', { replayed: 118, failed: 0, left: 2, error: null });
    await page.getByText('Replayed 118 messages; 2 left in the queue.').waitFor();
    await replayed('Replay all 120 messages', { replayed: 1, failed: 1, left: 1, error: 'the queue is full' });
    await page.getByText('1 message could not be: the queue is full').waitFor();
    const gone = 'Among the first 500 messages of "conductor.dead" is no dead letter of the group "g1"';
    await replayed('Replay 118 messages of instantiate', { replayed: 0, failed: 0, left: 1, error: gone });
    await page.getByText(`Replayed 0 messages; 1 left in the queue. ${gone}`).waitFor();
    await page.getByText('The first 60 of 120 messages').click();
    await page.getByText('Showing 50 of 60.').waitFor();
    await page.locator('.dead-row').first().click();
    await page.getByRole('dialog').getByText('1 time, and failed again').waitFor();
    await replayed('Replay one message of instantiate', { replayed: 1, failed: 0, left: 0, error: null });
    const place = { queue: 'conductor.dead', transport: null };
    expect(session.explorer.posts.map(({ body }) => body)).toEqual([
      { ...place, group: 'g1' },
      { ...place, all: true },
      { ...place, group: 'g1' },
      { ...place, messages: ['m0'] },
    ]);
  });

  it('says where there are no dead letters, and where they cannot be read', async () => {
    session.explorer.dead = { ...DEAD, queues: [], incomplete: 'The virtual host has more than 1000 queues' };
    const page = await session.open('dead');
    await page.getByText('There are no dead letters').waitFor();
    await page.getByText('The virtual host has more than 1000 queues').waitFor();
    session.explorer.push('snapshot', snapshot({ can: { ...snapshot().can, dead: false } }));
    await page.getByText('Dead letters cannot be read here').waitFor();
  });

  it('finds topics and methods, and leads from a method to its live messages', async () => {
    const methods = Array.from({ length: 120 }, (_, index) => method(`m_${index}`));
    const large = {
      ...(TOPICS[0] as (typeof TOPICS)[number]),
      topic: 'large',
      apis: [{ namespace: null, version: '1.0', methods }],
    };
    session.explorer.snapshot = snapshot({ topics: [...TOPICS, large] });
    const page = await session.open('topics');
    const search = page.getByLabel('Search topics, servers and methods');
    await search.fill('reserve');
    await page.getByText('1 topic of 4').waitFor();
    await page.getByRole('link', { name: 'Live messages of stock.reserve' }).click();
    await page.getByText('6 messages of 240').waitFor();
    await page.goBack();
    await search.fill('large');
    await page.getByText('Showing 50 of 120.').waitFor();
    await search.fill('nothing of this name');
    await page.getByText('Nothing fits the search').waitFor();
  });
});
