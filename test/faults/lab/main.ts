import { faultTable } from './fault-table.js';
import type { Outcome } from './lab.js';
import { parseOptions, USAGE } from './lab-options.js';
import { onACluster, oneByOne, onOneNode } from './lab-runs.js';
import { inMib, slopeOf } from './memory.js';
import { Random } from './random.js';

/** Share of the running time for the single node. */
const SINGLE = 2 / 3;

const begin = performance.now();

function say(line: string): void {
  const seconds = (performance.now() - begin) / 1000;
  const minutes = Math.floor(seconds / 60);
  console.log(`${minutes}:${String(Math.floor(seconds % 60)).padStart(2, '0')}  ${line}`);
}

/** Prints the reckoning; returns true when it is in order. */
function report(what: string, { table, faults, problems, memory }: Outcome): boolean {
  console.log(`\n${what}\n${table}`);
  if (faults.length > 0) console.log(`\n${faultTable(faults)}\n`);
  for (const [name, samples] of memory) {
    const slope = slopeOf(samples);
    console.log(`  memory of ${name}: ${inMib(samples.at(-1)?.bytes ?? 0)}, ${inMib(slope * 60)} a minute`);
  }
  for (const problem of problems) console.log(`  ! ${problem}`);
  const seconds = ((performance.now() - begin) / 1000).toFixed();
  console.log(`  ${problems.length === 0 ? 'in order' : `${problems.length} problems`}, after ${seconds} s\n`);
  return problems.length === 0;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    console.log(USAGE);
    return 0;
  }
  const { minutes, seed, rate, faults } = options;
  const random = new Random(seed);
  let isInOrder: boolean;
  if (faults) {
    say(`${faults.length} faults, seed ${seed}, ${rate} calls/s`);
    isInOrder = report('A cluster', await oneByOne(faults, random, options, say));
  } else {
    say(`${minutes} minutes, seed ${seed}, ${rate} calls/s`);
    const single = report('One node', await onOneNode(random, minutes * 60 * SINGLE, options, say));
    const cluster = report('A cluster', await onACluster(random, minutes * 60 * (1 - SINGLE), options, say));
    isInOrder = single && cluster;
  }
  console.log(isInOrder ? 'The ledger is in order.' : 'The ledger is NOT in order.');
  return isInOrder ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
