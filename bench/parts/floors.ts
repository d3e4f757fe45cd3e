import { resolve } from 'node:path';
import { type CallsRound, callSteps, inRounds, warmUpOf } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import { ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goal, Goals } from './goal.js';

/** Versions of Node.js in `test/runtimes` that goals are set for, oldest first. */
const VERSIONS = ['20', '22', '24'] as const;

/** This library relative to bare amqplib, with the same guarantees and without any. */
interface ToFloors {
  floor: CallsRound;
  weak: CallsRound;
}

export type FloorsResult = Record<(typeof VERSIONS)[number], ToFloors>;

/** Compares this library with bare amqplib on each version of Node.js: a gain on one of them may be a loss on another. */
export async function run(session: Session): Promise<FloorsResult> {
  const found = [];
  for (const version of VERSIONS) found.push([version, await compare(session, version)] as const);
  return Object.fromEntries(found) as FloorsResult;
}

/** One version after the other: figures of two versions are not compared, and the processes share the memory. */
function compare(session: Session, version: string): Promise<ToFloors> {
  const plan = { ...session.plan.calls, ...session.plan.floors };
  const node = resolve(`test/runtimes/node_modules/node-${version}/bin/node`);
  const settings = {
    oslo: { peer: 'oslo', node },
    floor: { peer: 'floor', node },
    weak: { peer: 'floor-weak', node },
  } as const;
  return withSubjects(session, settings, warmUpOf(plan), async (subjects) => {
    const { oslo, floor, weak } = await inRounds(session, {
      title: `Node.js ${version}`,
      subjects,
      rounds: plan.rounds,
      steps: callSteps(plan),
    });
    return { floor: ratios(oslo, floor), weak: ratios(oslo, weak) };
  });
}

export function goals(result: FloorsResult): Goals {
  const { floor } = result['20'];
  return {
    'versions of Node.js': [
      ['calls/s ÷ floor, Node.js 20', 'at least', 1.1, floor.callsPerSecond],
      ['p50 ÷ floor, one at a time, Node.js 20', 'at most', 1.1, floor.p50Ms],
      ...goalsOf('22', result['22']),
      ...goalsOf('24', result['24']),
    ],
  };
}

function goalsOf(version: string, { floor, weak }: ToFloors): Goal[] {
  return [
    [`calls/s ÷ floor, Node.js ${version}`, 'at least', 1.2, floor.callsPerSecond],
    [`calls/s ÷ bare amqplib without guarantees, Node.js ${version}`, 'at least', 1, weak.callsPerSecond],
    [`p50 ÷ floor, one at a time, Node.js ${version}`, 'at most', 1, floor.p50Ms],
    [`p99 ÷ floor, one at a time, Node.js ${version}`, 'at most', 1, floor.p99Ms],
    [`p99 ÷ floor, 100 in flight, Node.js ${version}`, 'at most', 1, floor.loadedP99Ms],
  ];
}

export function documents(result: FloorsResult): Record<string, Block[]> {
  const rows = VERSIONS.map((version) => ({ version, ...result[version] }));
  const both = (one: number, other: number) => `${text(one, 2)} / ${text(other, 2)}`;
  const table = tableOf(rows, {
    'this library ÷ bare amqplib': ({ version }) => `Node.js ${version}`,
    'calls/s': ({ floor }) => text(floor.callsPerSecond, 2),
    'p50 / p99, one at a time': ({ floor }) => both(floor.p50Ms, floor.p99Ms),
    'p99, 100 in flight': ({ floor }) => text(floor.loadedP99Ms, 2),
    'CPU: client / server': ({ floor }) => both(floor.clientCpuMicros, floor.serverCpuMicros),
    'calls/s ÷ bare amqplib without guarantees': ({ weak }) => text(weak.callsPerSecond, 2),
  });
  return { floors: [table] };
}
