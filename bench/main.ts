import { spawnSync } from 'node:child_process';
import { PYTHON } from '../testkit/prerequisites.js';
import { goalsTable, writeDocuments } from './documents.js';
import { judge } from './goals.js';
import { better, fallen, ratiosOf } from './guard.js';
import { describeMachine, type Stamp } from './machine.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { PARTS, type PartName, partDocuments, type Results, runPart } from './parts/parts.js';
import { isForeign, type PeerName } from './peers/peer.js';
import { merged, readBaselines, readResults, storeBaseline, storedFor, writeResults } from './results.js';
import { openBroker } from './running/broker.js';
import type { Session } from './running/session.js';
import { type Block, figure, render } from './table.js';

const RESULTS = 'bench/results.json';
const BASELINES = 'bench/baselines.json';
/** Further measurements of ratios that have fallen. */
const MAX_REPEATS = 2;

interface Outcome {
  results: Results;
  stamp: Stamp;
  /** Parts without a result. */
  failed: PartName[];
}

const print = (line: string): void => console.log(line);
const printBlocks = (blocks: readonly Block[]): void => print(`\n${render(blocks, { ranges: true }).join('\n')}\n`);

/** Runs the benchmark in the root of the repository. Resolves with the exit code. */
export async function main(args: string[], install: { foreign(): void; runtimes(): void }): Promise<number> {
  const given = parseOptions(args);
  if (!given) {
    print(USAGE);
    return 0;
  }
  if (given.documents) {
    await writeDocuments(await readResults(RESULTS), await readBaselines(BASELINES));
    return 0;
  }
  const options = { ...given, peers: given.peers.filter(isInstalled) };
  if (options.peers.some(isForeign)) install.foreign();
  if (options.parts.includes('runtimes')) install.runtimes();
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

async function measure({ plan, parts, peers }: BenchOptions): Promise<Outcome> {
  const start = performance.now();
  const say = (line: string): void => {
    const elapsed = Math.round((performance.now() - start) / 1000);
    print(`${String(Math.floor(elapsed / 60)).padStart(2)}:${String(elapsed % 60).padStart(2, '0')}  ${line}`);
  };
  say('starting    the broker');
  const broker = await openBroker();
  const session: Session = { broker, plan, peers, say };
  const results: Results = {};
  const failed: PartName[] = [];
  try {
    const machine = await describeMachine(broker.url);
    const stamp = { date: new Date().toISOString(), mode: plan.mode, machine };
    say(`machine     ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.broker}`);
    for (const [index, name] of parts.entries()) {
      say(`part        ${name}, ${index + 1} of ${parts.length}`);
      // A part that fails does not lose the results of those before it.
      try {
        Object.assign(results, await runPart(name, session));
        printBlocks(Object.values(partDocuments(name, results, stamp)).flat());
      } catch (error) {
        failed.push(name);
        print(`\n${error instanceof Error ? error.stack : error}\n`);
      }
    }
    return { results, stamp, failed };
  } finally {
    await broker.close();
  }
}

async function measureAndStore(options: BenchOptions): Promise<number> {
  const { results, stamp, failed } = await measure(options);
  const known = await readResults(RESULTS).catch((error) => {
    print(`replacing   ${RESULTS}, which cannot be read: ${error}`);
    return undefined;
  });
  await writeResults(RESULTS, merged(known, results, stamp));
  print(`written to ${RESULTS}`);
  if (stamp.mode === 'full' && options.parts.length === PARTS.length && failed.length === 0) {
    await storeBaseline(BASELINES, stamp.machine, ratiosOf(results));
    await writeDocuments(await readResults(RESULTS), await readBaselines(BASELINES));
    print(`written to ${BASELINES}, docs`);
  }
  const goals = judge(results);
  if (goals.length > 0) printBlocks([goalsTable(goals)]);
  for (const name of failed) print(`The part ${name} failed.`);
  return failed.length > 0 ? 1 : 0;
}

async function check(options: BenchOptions): Promise<number> {
  const { results, stamp } = await measure(options);
  const { kind, stored } = storedFor(await readBaselines(BASELINES), stamp.machine);
  print(
    kind ? `Comparing with ${kind}.\n` : 'No ratios of this kind of machine are stored: comparing with the lowest.\n',
  );
  let now = ratiosOf(results);
  for (let repeats = 0; repeats < MAX_REPEATS && fallen(stored, now).length > 0; repeats++) {
    print('A ratio has fallen; measuring again.\n');
    now = better(now, ratiosOf((await measure(options)).results));
  }
  const low = fallen(stored, now);
  const rows = Object.entries(stored).map(([name, value]) => {
    return [name, figure(value, 2), figure(now[name], 2), low.includes(name) ? 'fallen' : 'held'];
  });
  printBlocks([{ head: ['this library', 'stored', 'now', ''], rows }]);
  return low.length > 0 ? 1 : 0;
}
