import assert from 'node:assert/strict';
import { Client } from 'pg';
import type { Scenario } from '../scenario/scenario.js';
import { until } from '../scenario/until.js';

interface Count {
  rows: number;
  numbers: number;
}

/** Starts the programs and runs all steps. Returns commands to go on with. */
export async function run(scenario: Scenario): Promise<string[]> {
  const { database } = scenario;

  /** Counts the rows, and the different numbers that the publisher gave the events. */
  async function count(): Promise<Count> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      const sql = `select count(*)::int as rows, count(distinct payload->>'number')::int as numbers from events`;
      const { rows } = await client.query<Count>(sql);
      return rows[0] ?? { rows: 0, numbers: 0 };
    } finally {
      await client.end();
    }
  }
  const reaches = (goal: number) => until(`${goal} rows`, async () => (await count()).rows >= goal);

  const startListener = () => scenario.node('listener', 'listener.js', /^listening$/);
  const listener = await startListener();
  const hints = [
    `TRANSPORT_URL=${scenario.shellUrl} node dist/examples/notifications-to-postgresql/publisher.js`,
    `psql '${database.url}' -c 'select * from events order by published_at desc limit 10'`,
  ];
  if (scenario.isServing) return hints;
  const publisher = await scenario.node('publisher', 'publisher.js', /^publishing$/);

  await scenario.step('events are stored', async () => {
    await reaches(200);
    return 'each batch in one statement';
  });

  await scenario.step('database gone and back', async () => {
    await database.crash();
    await listener.prints(/The database is away/);
    await publisher.prints(/^published \d+$/, { again: true });
    await database.restart();
    await listener.prints(/The database is back/);
    const { rows } = await count();
    await reaches(rows + 500);
    return 'events waited in the queue, and those in work were delivered again';
  });

  await scenario.step('listener killed', async () => {
    await listener.kill();
    await startListener();
    const { rows } = await count();
    await reaches(rows + 500);
    return 'unacknowledged events were delivered to the next listener';
  });

  await scenario.step('each event is there exactly once', async () => {
    await publisher.stop();
    const [, total] = await publisher.prints(/^published (\d+) in all$/);
    await reaches(Number(total));
    assert.deepEqual(await count(), { rows: Number(total), numbers: Number(total) });
    return `${total} published, ${total} rows`;
  });

  return hints;
}
