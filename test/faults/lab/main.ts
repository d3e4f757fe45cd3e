import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { RabbitCluster } from '../../../testkit/rabbit-cluster.js';
import { RabbitNode } from '../../../testkit/rabbit-node.js';
import { clusterScenarios } from './cluster-scenarios.js';
import { Lab, type Outcome } from './lab.js';
import { inMib, slopeOf } from './memory.js';
import { Random } from './random.js';
import { networkScenarios, nodeScenarios, processScenarios } from './scenarios.js';
import { makeSecrets } from './secrets.js';
import type { ServiceOptions } from './service.js';
import { runScenarios } from './stage.js';

const USAGE = `npm run chaos -- [--minutes N] [--seed S] [--rate N]

  --minutes N  how long faults are made (20)
  --seed S     makes the same choices again; without it, they are new ones
  --rate N     calls a second, in all; casts are two fifths of it (500)

Two thirds of the time go to a single node behind TCP proxies, one third to a cluster of three nodes. Ends with the
reconciled ledger, and with exit code 0 only if it is in order.
`;

/** Share of the running time for the single node. */
const SINGLE = 2 / 3;

const secrets = makeSecrets();
const begin = performance.now();

function say(line: string): void {
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `${Math.floor(seconds / 60)}:${Math.floor(seconds % 60)
      .toString()
      .padStart(2, '0')}  ${line}`,
  );
}

function parseOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      rate: { type: 'string', default: '500' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { minutes, seed, rate } = values;
  return { minutes: positive('minutes', minutes), seed: positive('seed', seed), rate: positive('rate', rate) };
}

function positive(name: string, text: string): number {
  if (!/^\d{1,10}(\.\d+)?$/.test(text) || Number(text) === 0) {
    throw new Error(`--${name}: expected a number above 0; got ${text}`);
  }
  return Number(text);
}

/** One service in each delivery mode, with several processes on both sides. */
function services(rate: number, more: Partial<ServiceOptions>, sure: ServiceOptions['rabbit']): ServiceOptions[] {
  const common = { servers: 2, clients: 2, callRate: rate / 2, castRate: rate / 5, ...more };
  return [
    { name: 'once', delivery: 'at-most-once', ...common },
    { name: 'sure', delivery: 'at-least-once', ...common, rabbit: { ...more.rabbit, ...sure } },
  ];
}

/** Prints the reckoning; resolves with whether it is in order. */
function report(what: string, { table, problems, memory }: Outcome, seconds: number): boolean {
  console.log(`\n${what}\n${table}`);
  for (const [name, samples] of memory) {
    const slope = slopeOf(samples);
    console.log(`  memory of ${name}: ${inMib(samples.at(-1)?.bytes ?? 0)}, ${inMib(slope * 60)} a minute`);
  }
  for (const problem of problems) console.log(`  ! ${problem}`);
  console.log(
    `  ${problems.length === 0 ? 'in order' : `${problems.length} problems`}, after ${seconds.toFixed()} s\n`,
  );
  return problems.length === 0;
}

async function onOneNode(random: Random, seconds: number, rate: number): Promise<boolean> {
  say('starting a node, four servers and four clients');
  const node = await RabbitNode.start({ user: secrets.user });
  const lab = await Lab.open(node.url, node, secrets);
  try {
    await lab.begin(...services(rate, { proxied: true }, { amqpDurableQueues: true }));
    const scenarios = [...nodeScenarios(node), ...processScenarios, ...networkScenarios];
    await runScenarios(lab, scenarios, random, seconds, say);
    return report('One node', await lab.finish(), seconds);
  } finally {
    await lab.close();
    await node.stop();
  }
}

async function onACluster(random: Random, seconds: number, rate: number): Promise<boolean> {
  say('starting a cluster of three nodes, four servers and four clients');
  const cluster = await RabbitCluster.start(3, { user: secrets.user });
  const lab = await Lab.open(cluster.url, cluster, secrets);
  try {
    await lab.begin(...services(rate, { rabbit: { rabbitQuorumQueue: true } }, {}));
    await runScenarios(lab, [...clusterScenarios(cluster), ...processScenarios], random, seconds, say);
    return report('A cluster', await lab.finish(), seconds);
  } finally {
    await lab.close();
    await cluster.stop();
  }
}

async function main(): Promise<number> {
  const options = parseOptions();
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const { minutes, seed, rate } = options;
  say(`${minutes} minutes, seed ${seed}, ${rate} calls/s`);
  const random = new Random(seed);
  const single = await onOneNode(random, minutes * 60 * SINGLE, rate);
  const cluster = await onACluster(random, minutes * 60 * (1 - SINGLE), rate);
  console.log(single && cluster ? 'The ledger is in order.' : 'The ledger is NOT in order.');
  return single && cluster ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
