import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { PYTHON } from '../testkit/prerequisites.js';
import { RabbitNode } from '../testkit/rabbit-node.js';
import { goalsTable, writeDocuments } from './documents.js';
import { judge } from './goals.js';
import { better, fallen, ratiosOf } from './guard.js';
import { describeMachine, type Stamp } from './machine.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { PARTS, type PartName, partDocuments, type Results, runPart } from './parts/parts.js';
import { isForeign, type PeerName } from './peers/peer.js';
import { type Baselines, merged, type ResultsFile, readJson, storedFor, withRatios, writeJson } from './results.js';
import { Broker } from './running/broker.js';
import { type Block, render, text } from './table.js';

const RESULTS = 'bench/results.json';
const BASELINES = 'bench/baselines.json';
const WITH_PEERS: readonly PartName[] = ['calls', 'payload', 'sweeps'];
/** Further measurements of ratios that have fallen. */
const MAX_REPEATS = 2;

const print = (line: string): void => console.log(line);
const printBlocks = (blocks: readonly Block[]): void => print(`\n${render(blocks).join('\n')}\n`);
const readResults = () => readJson<ResultsFile>(RESULTS);
const readBaselines = () => readJson<Baselines>(BASELINES);

/** Runs the benchmark in the root of the repository. Resolves with the exit code. */
export async function main(args: string[], install: { foreign(): void; runtimes(): void }): Promise<number> {
  const options = parseOptions(args);
  if (!options) {
    print(USAGE);
    return 0;
  }
  if (options.documents) {
    await writeDocuments(await readResults(), await readBaselines());
    return 0;
  }
  options.peers = options.peers.filter(isInstalled);
  // Other parts measure this library alone.
  if (WITH_PEERS.some((part) => options.parts.includes(part)) && options.peers.some(isForeign)) install.foreign();
  if (options.parts.includes('runtimes') || options.parts.includes('floors')) install.runtimes();
  // `exit` also ends the children of this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  return options.check ? check(options) : measureAndStore(options);
}

function isInstalled(peer: PeerName): boolean {
  if (peer !== 'oslo-python') return true;
  if (spawnSync(PYTHON, ['-c', 'import oslo_messaging'], { stdio: 'ignore' }).status === 0) return true;
  print("skipping    oslo-python: Python's oslo.messaging is not installed");
  return false;
}

/** Returns the results of the parts, and the names of those that failed. */
async function measure({ plan, parts, peers }: BenchOptions) {
  const start = performance.now();
  const say = (line: string): void => {
    // Minutes and seconds of `1970-01-01T00:mm:ss`.
    print(`${new Date(performance.now() - start).toISOString().slice(14, 19)}  ${line}`);
  };
  say('starting    the broker');
  const node = await RabbitNode.start();
  const results: Results = {};
  const failed: PartName[] = [];
  try {
    const broker = await Broker.of([node], node.url);
    const machine = await describeMachine(node.url);
    const stamp: Stamp = { date: new Date().toISOString(), mode: plan.mode, machine };
    say(`machine     ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.broker}`);
    for (const [index, name] of parts.entries()) {
      say(`part        ${name}, ${index + 1} of ${parts.length}`);
      // A part that fails does not lose the results of those before it.
      try {
        Object.assign(results, await runPart(name, { broker, plan, peers, say }));
        printBlocks(Object.values(partDocuments(name, results, stamp)).flat());
      } catch (error) {
        failed.push(name);
        print(`\n${inspect(error)}\n`);
      }
    }
    return { results, stamp, failed };
  } finally {
    await node.stop();
  }
}

async function measureAndStore(options: BenchOptions): Promise<number> {
  const { results, stamp, failed } = await measure(options);
  const known = await readResults().catch((error) => {
    print(`replacing   ${RESULTS}, which cannot be read: ${error}`);
    return undefined;
  });
  await writeJson(RESULTS, merged(known, results, stamp));
  print(`written to ${RESULTS}`);
  if (stamp.mode === 'full' && options.parts.length === PARTS.length && failed.length === 0) {
    await writeJson(BASELINES, withRatios(await readBaselines(), stamp.machine, ratiosOf(results)));
    await writeDocuments(await readResults(), await readBaselines());
    print(`written to ${BASELINES}, docs`);
  }
  const goals = judge(results);
  if (goals.length > 0) printBlocks([goalsTable(goals)]);
  for (const name of failed) print(`The part ${name} failed.`);
  return failed.length > 0 ? 1 : 0;
}

async function check(options: BenchOptions): Promise<number> {
  const { results, stamp } = await measure(options);
  const { kind, stored } = storedFor(await readBaselines(), stamp.machine);
  print(`Comparing with ${kind ?? 'the lowest ratios: none of this kind of machine are stored'}.\n`);
  let now = ratiosOf(results);
  for (let repeats = 0; repeats < MAX_REPEATS && fallen(stored, now).length > 0; repeats++) {
    print('A ratio has fallen; measuring again.\n');
    now = better(now, ratiosOf((await measure(options)).results));
  }
  const low = fallen(stored, now);
  const rows = Object.entries(stored).map(([name, value]) => {
    return [name, text(value, 2), text(now[name], 2), low.includes(name) ? 'fallen' : 'held'];
  });
  printBlocks([{ head: ['this library', 'stored', 'now', ''], rows }]);
  return low.length > 0 ? 1 : 0;
}
