import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { withChannel } from '../../../testkit/amqp.js';
import { Child } from '../../support/child.js';
import { describeWithPostgres, describeWithPython, describeWithRabbit, rabbitUrl } from '../../support/environment.js';
import { eventually } from '../../support/eventually.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const PRIORITIES = ['audit', 'debug', 'info', 'warn', 'error', 'critical', 'sample'];
const children: Child[] = [];

interface Example {
  name: string;
  steps: string[];
  /** Queues that it leaves for its next start, by prefix. */
  queues: string[];
}

const GATEWAY: Example = {
  name: 'http-gateway',
  steps: [
    'health: GET /health answered 200',
    'success: POST /orders answered 201',
    'two calls: GET /orders/1/invoice answered 200',
    'remote exception: GET /orders/77 answered 404',
    'validation: quantity 0 answered 400',
    'timeout: .* answered 504',
    'service gone: GET /orders/1 answered 503',
    'service back: POST /orders answered 201',
  ],
  queues: [],
};
const POSTGRESQL: Example = {
  name: 'notifications-to-postgresql',
  steps: [
    'events are stored',
    'database gone and back',
    'listener killed',
    'each event is there exactly once: (\\d+) published, \\1 rows',
  ],
  queues: PRIORITIES.map((priority) => `shop_events.${priority}`),
};
const CONDUCTOR: Example = {
  name: 'python-conductor',
  steps: [
    'Python answers: POST /vnfs answered 201',
    'the context arrives in Python',
    'Python notifies: GET /events has vnf.active of firewall',
    'a Python exception becomes a class: .* answered 404',
    'an exception of the API passes through Python: .* answered 403',
  ],
  queues: [
    ...['vnf_conductor', 'vnf_conductor.host1', 'vnf_quota', 'vnf_quota.api1'],
    ...PRIORITIES.map((priority) => `vnf_events.${priority}`),
  ],
};
const UPGRADE: Example = {
  name: 'rolling-upgrade',
  steps: [
    'all servers 1.0, cap 1.0: \\d+ calls answered',
    'stock-1 replaced: \\d+ calls answered',
    'stock-2 replaced: \\d+ calls answered',
    'cap lifted too early: \\d+ calls answered',
    'stock-3 replaced, cap 1.0: \\d+ calls answered',
    'cap lifted: \\d+ calls answered',
    'the table: \\d+ calls answered, 0 failed',
  ],
  queues: ['stock', 'stock.stock-1', 'stock.stock-2', 'stock.stock-3'],
};

const ENVELOPE = { contentType: 'application/json', contentEncoding: 'utf-8' };

/** Body of a notification, as another program may write it. */
function notification(index: number, payload: unknown, timestamp: string | null | undefined): string {
  const message = { message_id: `m${index}`, publisher_id: 'p', event_type: 'e', priority: 'INFO', payload, timestamp };
  const json = JSON.stringify(message, (_key, value) => (typeof value === 'bigint' ? '\u0001big' : value));
  return JSON.stringify({
    'oslo.version': '2.0',
    'oslo.message': json.replace('"\\u0001big"', String(2n ** 64n)),
  });
}

/** Runs the one command of the examples. */
function example(args: string[], env: Record<string, string> = {}): Child {
  const child = new Child(`${root}scripts/example.mjs`, args, { TRANSPORT_URL: rabbitUrl, PORT: '0', ...env });
  children.push(child);
  return child;
}

function expectSteps({ output }: Child, { steps }: Example): void {
  for (const step of steps) expect(output).toMatch(new RegExp(`^ {2}✓ ${step}`, 'm'));
  expect(output).toContain(`All ${steps.length} steps worked.`);
}

afterEach(async () => {
  for (const child of children.splice(0)) await child.stop();
});

/** Tests that an example works. */
function testExample(tested: Example): void {
  afterEach(() =>
    withChannel(rabbitUrl, async (channel) => {
      for (const queue of tested.queues) await channel.deleteQueue(queue);
    }),
  );

  it('works, and exits with code 0', async () => {
    const child = example([tested.name, '--once']);
    expect(await child.exit(), child.output).toBe(0);
    expectSteps(child, tested);
  }, 180_000);
}

describeWithPostgres('the example that stores notifications', () => {
  testExample(POSTGRESQL);

  it('stores a batch with values that PostgreSQL refuses', async () => {
    const child = example([POSTGRESQL.name, '--serve']);
    const [, url = ''] = await child.prints(/ psql '(\S+)'/);
    const payloads = ['\0', { '\0': '\ud800' }, { big: 2n ** 64n }, null, { plain: true }];
    const times = ['foo 2020', '2020-02-31 10:00:00', '0000-01-01 00:00:00', '2020-02-29 10:00:00.123456', null];
    const bodies = payloads.map((payload, index) => notification(index, payload, times[index]));
    await withChannel(rabbitUrl, async (channel) => {
      for (const body of bodies) channel.sendToQueue('shop_events.info', Buffer.from(body), ENVELOPE);
      await channel.waitForConfirms();
    });
    const client = new Client({ connectionString: url });
    await client.connect();
    const sql = 'select message_id, published_at::text as at, payload::text from events order by message_id';
    const rows = await eventually(async () => {
      const { rows: found } = await client.query(sql);
      expect(found).toHaveLength(payloads.length);
      return found;
    }).finally(() => client.end());
    expect(rows.map(({ at }) => at)).toEqual([null, null, null, '2020-02-29 10:00:00.123456', null]);
    expect(rows.map(({ payload }) => payload)).toEqual([
      '"\\u0000"',
      '{"\\u0000":"\\ud800"}',
      '{"big":"18446744073709551616"}',
      'null',
      '{"plain":true}',
    ]);
  }, 120_000);
});
describeWithPython('the example with a Python conductor', () => {
  testExample(CONDUCTOR);

  it('serves, and ends well by a signal', async () => {
    const child = example([CONDUCTOR.name, '--serve']);
    await child.prints(/^Serving until Ctrl\+C/m);
    child.signal('SIGTERM');
    expect(await child.exit(), child.output).toBe(0);
    expect(child.output).not.toMatch(/error|warn|failed/i);
    // It may have a password.
    expect(child.output).not.toContain(rabbitUrl);
  }, 120_000);
});
describeWithPython('the example of a rolling upgrade', () => testExample(UPGRADE));

describe('the command of the examples', () => {
  const all = [GATEWAY, POSTGRESQL, CONDUCTOR, UPGRADE].map(({ name }) => name);

  it('knows the examples of the documentation', async () => {
    const folders = readdirSync(`${root}examples`).filter((name) => existsSync(`${root}examples/${name}/README.md`));
    expect(folders).toEqual(all);
    const index = readFileSync(`${root}docs/README.md`, 'utf8');
    for (const name of all) {
      expect(index).toContain(`\`npm run example -- ${name}\``);
      expect(readFileSync(`${root}examples/${name}/README.md`, 'utf8')).toContain(`    npm run example -- ${name}\n`);
    }
  });

  it.each([
    [[]],
    [['nonsense']],
    [['http-gateway', '--twice']],
    [['http-gateway', '--once', '--serve']],
    [['http-gateway', 'rolling-upgrade']],
  ])('lists the examples for %j, and exits with code 2', async (args) => {
    const child = example(args);
    expect(await child.exit()).toBe(2);
    for (const name of all) expect(child.output).toMatch(new RegExp(`^ +(NAME +)?${name} +\\w+ .*\\w$`, 'm'));
  });

  it('is the one of npm run', async () => {
    const outcome = promisify(execFile)('npm', ['run', 'example', '--', 'nonsense'], { cwd: root });
    await expect(outcome).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('http-gateway') });
  });

  it('refuses a transport that separate processes cannot share', async () => {
    const child = example(['http-gateway', '--once'], { TRANSPORT_URL: 'memory://' });
    expect(await child.exit()).toBe(1);
    expect(child.output).toBe(
      'TRANSPORT_URL: separate processes need a broker, as in rabbit://guest:guest@localhost:5672/\n',
    );
  });

  it('names missing prerequisites', async () => {
    // A release of Debian without packages.
    const child = example(['python-conductor'], { TRANSPORT_URL: '', TEST_NEWEST_ROOT: '/nonexistent' });
    expect(await child.exit()).toBe(1);
    expect(child.output).toMatch(/^RabbitMQ is missing\. Get it by: apt-get install .* or TRANSPORT_URL=rabbit:/m);
    expect(child.output).toMatch(/^Python with oslo\.messaging .* is missing\. Get it by: apt-get install /m);
  });
});

describeWithRabbit('the example of an HTTP gateway', () => {
  it('works, goes on serving, and ends well by a signal', async () => {
    const child = example([GATEWAY.name]);
    const [serving, url = ''] = await child.prints(/^Serving until Ctrl\+C.*? curl (http:\S+)$/ms);
    expectSteps(child, GATEWAY);
    expect(await (await fetch(url, { headers: { connection: 'close' } })).json()).toMatchObject({ item: 'chair' });
    child.signal('SIGTERM');
    expect(await child.exit(), child.output).toBe(0);
    expect(child.output.slice(child.output.indexOf(serving))).not.toMatch(/error|warn|failed/i);
  }, 120_000);

  it('stops its programs when it is interrupted, and exits with the code of the signal', async () => {
    const child = example(['http-gateway', '--once']);
    await child.prints(/service \| consuming/);
    child.signal('SIGINT');
    expect(await child.exit(), child.output).toBe(130);
    expect(child.output).not.toMatch(/error|FAILED/i);
  });
});
