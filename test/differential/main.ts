import { randomBytes, randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startBroker } from '../../testkit/broker.js';
import type { RabbitControl } from '../../testkit/rabbit-control.js';
import { PythonPeer } from '../support/python-peer.js';
import { compareClientsOn } from './client-differential.js';
import { compareTopologiesOn } from './compare-topologies.js';
import { faults, reportText } from './report.js';
import { compareServersOn, type RunOptions } from './server-differential.js';

const USAGE = `npm run differential -- [--runs N] [--seed S] [--only I]

  --runs N  requests to compare (10000)
  --seed S  makes the same requests again; without it, they are new ones
  --only I  of these, only the one with this number
`;

function parseOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const runs = natural('runs', values.runs);
  if (runs === 0) throw new Error('--runs: expected at least 1');
  return {
    runs,
    seed: natural('seed', values.seed),
    only: values.only === undefined ? undefined : natural('only', values.only),
  };
}

function natural(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name}: expected a whole number; got ${text}`);
  return Number(text);
}

const say = (line: string): void => console.log(line);

/** Python publishes far slower than it serves, so clients are compared on fewer requests. */
const REQUESTS_FOR_EACH_OF_A_CLIENT = 5;

async function compareAll(
  url: string,
  control: RabbitControl | undefined,
  python: PythonPeer,
  options: RunOptions,
): Promise<number> {
  const begin = performance.now();
  const topic = `differential-${randomBytes(4).toString('hex')}`;
  const progress = (what: string, of: number) => (done: number) =>
    say(`${what} ${done} of ${of} after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  const servers = await compareServersOn(url, python, topic, options, progress('servers', options.runs));
  const forClients = { ...options, runs: Math.ceil(options.runs / REQUESTS_FOR_EACH_OF_A_CLIENT) };
  const clients = await compareClientsOn(url, python, `${topic}-c`, forClients, progress('clients', forClients.runs));
  const topologies = control ? await compareTopologiesOn(url, control, python, `${topic}-t`) : [];
  const findings = [...servers, ...clients, ...topologies];
  const wrong = faults(findings).length;
  say(`\n${reportText(findings)}\n`);
  say(
    `servers: ${options.runs} requests, clients: ${forClients.runs} requests, seed ${options.seed}: ` +
      `${findings.length - wrong} known differences, ${wrong} not explained`,
  );
  return wrong > 0 ? 1 : 0;
}

/** Resolves with the exit code: 0 when every difference is a known one. */
export async function main(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (!options) {
    say(USAGE);
    return 0;
  }
  const given = process.env.TEST_RABBIT_URL;
  const node = given ? undefined : await startBroker();
  const url = given || node?.url || '';
  let python: PythonPeer | undefined;
  try {
    python = await PythonPeer.start(url, { logLevel: 'CRITICAL', allowedExmods: ['differential'] });
    say(`oslo.messaging ${await python.version()}, ${options.runs} requests, seed ${options.seed}`);
    return await compareAll(url, node?.control, python, options);
  } finally {
    await python?.stop();
    await node?.stop();
  }
}
