import { expect, it } from 'vitest';
import type { Snapshot } from '../../../lib/explorer/protocol.js';
import { describeWithChromium } from '../../support/environment.js';
import { NIGHT, WELL } from '../../support/explorer/fixture-findings.js';
import { snapshot, transport } from '../../support/explorer/fixture-snapshot.js';
import { NOW } from '../../support/explorer/fixture-topics.js';
import { PageSession } from '../../support/explorer/page-session.js';

const queue = (ready: number, consumers: number): Partial<Snapshot> => ({
  topics: [
    {
      exchange: 'tacker',
      topic: 'billing',
      transport: null,
      own: false,
      servers: [],
      others: 0,
      apis: [],
      queues: [{ name: 'billing', ready, unacknowledged: 0, consumers }],
    },
  ],
});

/** Cases of the night that the state itself shows. Those that the diagnosis finds come from a real broker: explorer-nights.test.ts. */
const CASES: readonly (readonly [
  name: string,
  state: Partial<Snapshot>,
  title: string,
  subject: string,
  cure: RegExp,
])[] = [
  ['nobody consumes', queue(3, 0), 'Nobody consumes', 'queue billing', /Start a server of the topic/],
  [
    'slow handler',
    {
      timeouts: [{ transport: null, method: 'stock.reserve', timeout: 240_000, level: 2, first: 60_000, max: 600_000 }],
    },
    'Slow handler',
    'method stock.reserve',
    /Look at its handler/,
  ],
  [
    'no free slot',
    { transports: [transport({ slots: { used: 64, limit: 64, waiting: 12 } })] },
    'All slots in use',
    'transport default (rpc)',
    /raise concurrency/,
  ],
  [
    'broker down',
    {
      transports: [
        transport({ status: 'disconnected', lastError: { message: 'connect ECONNREFUSED mq1:5672', at: NOW } }),
        transport({ use: 'notifications', status: 'disconnected' }),
      ],
    },
    'Broker not reachable',
    'transport default (rpc), default (notifications)',
    /Check that the broker runs/,
  ],
  ['queue piling up', queue(5000, 2), 'Queue piles up', 'queue billing', /Start another server/],
  [
    'memory alarm',
    { transports: [transport({ status: 'blocked', blockedSeconds: 42 })] },
    'Broker blocks publishing',
    'transport default (rpc)',
    /Free memory or disk/,
  ],
];

describeWithChromium('Page of the explorer at night', () => {
  const session = new PageSession();

  it('names the cause, the harm and the cure of each fault, on each view', async () => {
    const page = await session.open();
    await page.getByText('No faults found.').waitFor();
    expect(await page.title()).toBe('Overview · nfv-orchestrator');
    for (const [name, state, title, subject, cure] of CASES) {
      session.explorer.push('snapshot', snapshot(state));
      const problem = page.locator('.problem');
      await problem.filter({ hasText: title }).waitFor();
      expect(await problem.count(), name).toBe(1);
      const text = (await problem.textContent()) ?? '';
      expect(text, name).toContain(`${title}${subject}`);
      expect(text, name).toContain('Why it hurts');
      expect(text, name).toMatch(new RegExp(`Cure .*${cure.source}`));
      expect(await page.title(), name).toBe('(1) Overview · nfv-orchestrator');
      await page.getByRole('link', { name: 'Charts', exact: true }).click();
      const alarm = page.locator('a.alarm');
      expect(await alarm.textContent(), name).toContain(`${title}: ${subject}`);
      await alarm.click();
      session.explorer.push('snapshot', snapshot());
      await page.getByText('No faults found.').waitFor();
    }
    expect(session.complaints).toEqual([]);
  });

  it('tells a transport apart that a finding is not about, and leaves out one that it is', async () => {
    const down = { status: 'blocked', blockedSeconds: 1 } as const;
    const alarm = { ...NIGHT['nobody consumes'], state: 'alarmed', kind: 'broker', name: 'mq1' } as NonNullable<
      (typeof NIGHT)[string]
    >;
    session.explorer.snapshot = snapshot({ findings: [alarm], transports: [transport(down)] });
    const page = await session.open();
    await page.locator('.problem').first().waitFor();
    expect(await page.locator('.problem h2').allTextContents()).toEqual([expect.stringContaining('broker mq1')]);
    const other = transport({ ...down, name: 'edge', url: 'rabbit://edge:***@mq9.example:5672/' });
    session.explorer.push('snapshot', snapshot({ findings: [alarm], transports: [transport(down), other] }));
    await page.getByText('transport edge (rpc)', { exact: true }).waitFor();
  });

  it('lists when a broker went and came back, and for how long', async () => {
    const page = await session.open();
    await page.getByText('Nothing changed since this page was opened').waitFor();
    const down = [transport({ status: 'disconnected' })];
    session.explorer.push('snapshot', snapshot({ at: NOW + 5000, transports: down }));
    await page.getByText('Transport default (rpc): disconnected').waitFor();
    session.explorer.push('snapshot', snapshot({ at: NOW + 17_400, transports: [transport()] }));
    await page.getByText('Transport default (rpc): connected again after 12.4 s').waitFor();
    await page.getByText('Over: Broker not reachable: transport default (rpc)').waitFor();
    expect(await page.locator('.changes time').first().textContent()).toBe('03:12:57');
  });

  it('shows checks that could not be made, and the notices', async () => {
    const unseen = { ...WELL[0], severity: 'unseen', state: 'unseen', kind: 'check', name: 'bindings' } as NonNullable<
      (typeof WELL)[number]
    >;
    const notice = 'Give managementUrl to see the queues.';
    session.explorer.snapshot = snapshot({ findings: [...WELL, unseen], notices: [notice] });
    const page = await session.open();
    await page.getByText(notice).waitFor();
    expect(await page.locator('.all-good').textContent()).toMatch(/3 things examined .*; 1 could not be/);
    await page.getByText('All 4 findings of the examination').click();
    await page.getByRole('row', { name: /check bindings/ }).waitFor();
  });
});
