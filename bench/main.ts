import { readBaselines, storeBaseline, storedFor } from './baselines.js';
import { openBroker } from './broker.js';
import { writeDocuments } from './documents/write.js';
import { type GoalResult, judge } from './goals.js';
import { advantages, better, falls } from './guard.js';
import { describeMachine, type Machine } from './machine.js';
import { type BenchOptions, parseOptions, USAGE } from './options.js';
import { PARTS, type PartName, partText, type Results, runPart } from './parts.js';
import { FOREIGN_PEERS, type PeerName } from './peer.js';
import { hasPython } from './python.js';
import { merged, readResults, writeResults } from './results.js';
import type { Session } from './session.js';
import { fixed } from './statistics.js';
import { textTable } from './text-table.js';

const RESULTS = 'bench/results.json';
const BASELINES = 'bench/baselines.json';

const print = (line: string): void => console.log(line);

/** Resolves with the exit code. The working directory is the repository's root. */
export async function main(args: string[], install: { foreign(): void; runtimes(): void }): Promise<number> {
  const options = parseOptions(args);
  if (!options) {
    print(USAGE);
    return 0;
  }
  const peers = options.peers.filter(isThere);
  const whole = !options.check && options.parts.length === PARTS.length && options.plan.mode === 'full';
  // The charts are drawn by a library of that package, too.
  if (whole || options.documents || peers.some((peer) => FOREIGN_PEERS.includes(peer))) install.foreign();
  if (options.documents) {
    await writeDocuments(await readResults(RESULTS), await readBaselines(BASELINES));
    return 0;
  }
  if (options.parts.includes('runtimes')) install.runtimes();
  // An orderly end of this process, in which its children are ended, too.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const outcome = await measure({ ...options, peers });
  if (options.check) return check({ ...options, peers }, outcome);
  const { results, machine, failed } = outcome;
  const stamp = { date: new Date().toISOString(), mode: options.plan.mode, machine };
  // A file of another form, of an older version, is none.
  const known = merged(await readResults(RESULTS).catch(() => undefined), results, stamp);
  await writeResults(RESULTS, { ...known, goals: judge(known.parts) });
  print(`written to ${RESULTS}`);
  if (whole && failed.length === 0) {
    await storeBaseline(BASELINES, machine, advantages(results));
    await writeDocuments(await readResults(RESULTS), await readBaselines(BASELINES));
    print(`written to ${BASELINES}, docs/charts, docs/sizing.md, docs/performance.md and README.md`);
  }
  const goals = judge(results);
  if (goals.length > 0) print(`\n${goalsText(goals)}\n`);
  for (const name of failed) print(`The part ${name} failed.`);
  if (failed.length > 0) return 1;
  return options.checkGoals && goals.some(({ met }) => !met) ? 1 : 0;
}

function isThere(peer: PeerName): boolean {
  if (peer !== 'oslo-python' || hasPython()) return true;
  print("skipping    oslo-python: Python's oslo.messaging is not installed");
  return false;
}

interface Outcome {
  results: Results;
  machine: Machine;
  /** Parts of which there is no result. */
  failed: PartName[];
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
    say(`machine     ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.broker}`);
    for (const [index, name] of parts.entries()) {
      say(`part        ${name}, ${index + 1} of ${parts.length}`);
      // What was measured until then is not lost by what goes wrong later.
      try {
        Object.assign(results, await runPart(name, session));
        print(`\n${partText(name, results)}\n`);
      } catch (error) {
        failed.push(name);
        print(`\n${error instanceof Error ? error.stack : error}\n`);
      }
    }
    return { results, machine, failed };
  } finally {
    await broker.close();
  }
}

/** Times that what has fallen is measured again before it is called so. */
const CHANCES = 2;

async function check(options: BenchOptions, { results, machine }: Outcome): Promise<number> {
  const { kind, stored } = storedFor(await readBaselines(BASELINES), machine);
  print(kind ? `Stored of ${kind}.\n` : 'Nothing is stored of such a machine: the lowest of all that is holds.\n');
  let now = advantages(results);
  for (let chance = 0; chance < CHANCES && falls(stored, now).length > 0; chance++) {
    print('A ratio has fallen; measuring once more.\n');
    now = better(now, advantages((await measure(options)).results));
  }
  const fallen = falls(stored, now);
  const rows = Object.entries(stored).map(([name, value]) => {
    const verdict = fallen.some((fall) => fall.name === name) ? 'fallen' : 'held';
    return [name, fixed(value, 2), fixed(now[name] ?? Number.NaN, 2), verdict];
  });
  print(`${textTable([['this library', 'stored', 'now', ''], ...rows])}\n`);
  return fallen.length > 0 ? 1 : 0;
}

function goalsText(goals: readonly GoalResult[]): string {
  const cells = goals.map(({ goal, value, met }) => [
    goal,
    fixed(value, Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 2),
    met ? 'met' : 'NOT MET',
  ]);
  return `Goals\n\n${textTable(cells)}`;
}
