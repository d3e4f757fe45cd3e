import assert from 'node:assert/strict';
import { getRpcApiClient, getRpcTransport } from 'nestjs-oslo-messaging';
import type { Program } from '../scenario/program.js';
import type { Scenario } from '../scenario/scenario.js';
import { stockApi11 } from './stock-api.js';
import { StockClient } from './stock-client.js';
import { Stream } from './stream.js';

const PYTHON = 'stock-2';
const CALLS = 60;
/** Each refused call is a line in the log of its server. */
const FEW_CALLS = 20;

/** Starts the programs and runs all steps. Returns commands to go on with. */
export async function run(scenario: Scenario): Promise<string[]> {
  const { transportUrl } = scenario;
  const hints = [
    `npx oslo-rpc call --url ${scenario.shellUrl} --topic stock --version 1.0 reserve '{"item":"lamp"}'`,
    `npx oslo-rpc call --url ${scenario.shellUrl} --topic stock --version 1.1 reserve '{"item":"lamp","note":"a gift"}'`,
  ];
  const transport = getRpcTransport({ transportUrl, rpcResponseTimeout: '10s' });
  /** A client as it is configured: with a cap while servers are upgraded. */
  const client = (versionCap?: string) => new StockClient(getRpcApiClient(transport, stockApi11, { versionCap }));
  const capped = client('antelope');
  const stream = new Stream(capped, PYTHON);
  const fleet = new Map<string, Program>();

  async function start(server: string, release: string): Promise<void> {
    const env = { SERVER_NAME: server, RELEASE: release };
    const name = `${server} ${release}`;
    const program =
      server === PYTHON
        ? await scenario.python(name, 'server.py', /^consuming$/, env)
        : await scenario.node(name, 'server.js', /^consuming$/, env);
    // The new server consumes before the old one stops.
    await fleet.get(server)?.stop();
    fleet.set(server, program);
  }

  /** Runs a phase as a step: something that changes, then calls. */
  async function phase(
    title: string,
    change: () => Promise<unknown>,
    { next, calls = CALLS }: { next?: StockClient; calls?: number } = {},
  ): Promise<void> {
    await scenario.step(title, async () => {
      stream.begin(title, next);
      await change();
      const answered = await stream.answers(calls);
      return `${answered} calls answered`;
    });
  }

  try {
    await Promise.all(['stock-1', PYTHON, 'stock-3'].map((server) => start(server, '1.0')));
    if (scenario.isServing) return hints;
    await phase('all servers 1.0, cap 1.0', async () => undefined);
    await phase('stock-1 replaced', () => start('stock-1', '1.1'));
    await phase('stock-2 replaced', () => start(PYTHON, '1.1'));
    // A mistake: stock-3 still is 1.0.
    await phase('cap lifted too early', async () => undefined, { next: client('bobcat'), calls: FEW_CALLS });
    await phase('stock-3 replaced, cap 1.0', () => start('stock-3', '1.1'), { next: capped });
    await phase('cap lifted', async () => undefined, { next: client('bobcat') });
    await stream.close();

    await scenario.step('the table', async () => {
      const rows = [...stream.phases.values()];
      console.table(Object.fromEntries(stream.phases));
      assert.equal(rows[0]?.['answered by 1.1'], 0);
      assert.ok((rows[3]?.['refused, sent again as 1.0'] ?? 0) > 0, 'no server refused 1.1');
      assert.equal(rows.at(-1)?.['answered by 1.0'], 0);
      const sum = (column: keyof (typeof rows)[0]) => rows.reduce((total, row) => total + row[column], 0);
      assert.equal(sum('failed'), 0);
      return `${sum('answered by 1.0') + sum('answered by 1.1')} calls answered, ${sum('failed')} failed`;
    });
  } finally {
    await stream.close();
    await transport.cleanup();
  }

  return hints;
}
