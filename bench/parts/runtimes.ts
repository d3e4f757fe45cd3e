import { resolve } from 'node:path';
import { type CallsRound, inRounds, warmUpOf } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import { EMBEDDED, type Setting, type Subject } from '../running/subject.js';
import { medians, ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goal, Goals } from './goal.js';

/** Versions of Node.js in `test/runtimes`, oldest first. */
const RUNTIMES = ['20', '22', '24', '26'] as const;
/** Versions of Node.js that are fast enough for the goal of `memory://`. */
const FAST_MEMORY = ['22', '24', '26'] as const;

type Figures = Pick<CallsRound, 'callsPerSecond' | 'cpuMicros'>;

export interface RuntimesResult {
  inFlight: number;
  runtimes: Record<(typeof RUNTIMES)[number], { rabbit: Figures; memory: Figures; memoryToRabbit: number }>;
}

/** Measures this library on each version of Node.js, on RabbitMQ and on `memory://`. */
export async function run(session: Session): Promise<RuntimesResult> {
  const { inFlight, sequential, loaded } = session.plan.calls;
  const settings: Record<string, Setting> = {};
  for (const runtime of RUNTIMES) {
    const node = resolve(`test/runtimes/node_modules/node-${runtime}/bin/node`);
    settings[`rabbit ${runtime}`] = { peer: 'oslo', node };
    settings[`memory ${runtime}`] = { ...EMBEDDED, node };
  }
  const step = async (subject: Subject): Promise<Figures> => {
    // V8 shrinks the heap of a process that has waited for its turn.
    await subject.measure({ inFlight, seconds: sequential });
    const { callsPerSecond, cpuMicros } = await subject.measure({ inFlight, seconds: loaded });
    return { callsPerSecond, cpuMicros };
  };
  const { rounds } = session.plan.runtimes;
  const figures = await withSubjects(session, settings, warmUpOf(session.plan.calls), (subjects) =>
    inRounds(session, { title: 'runtimes', subjects, rounds, steps: [step] }),
  );
  const runtimes = RUNTIMES.map((runtime) => {
    const { [`rabbit ${runtime}`]: rabbit = [], [`memory ${runtime}`]: memory = [] } = figures;
    const memoryToRabbit = ratios(memory, rabbit).callsPerSecond;
    return [runtime, { rabbit: medians(rabbit), memory: medians(memory), memoryToRabbit }];
  });
  return { inFlight, runtimes: Object.fromEntries(runtimes) };
}

export function goals({ runtimes }: RuntimesResult): Goals {
  const goalOf = (version: (typeof FAST_MEMORY)[number]): Goal => {
    return [`memory:// calls/s ÷ RabbitMQ, Node.js ${version}`, 'at least', 10, runtimes[version].memoryToRabbit];
  };
  return { 'versions of Node.js': FAST_MEMORY.map(goalOf) };
}

export function documents({ inFlight, runtimes }: RuntimesResult): Record<string, Block[]> {
  const rows = RUNTIMES.map((runtime) => ({ runtime, ...runtimes[runtime] }));
  const table = tableOf(rows, {
    [`${inFlight} calls in flight`]: ({ runtime }) => `Node.js ${runtime}`,
    'RabbitMQ: calls/s': ({ rabbit }) => text(rabbit.callsPerSecond, 'thousands'),
    'CPU of client and server, µs a call': ({ rabbit }) => text(rabbit.cpuMicros, 0),
    '`memory://`: calls/s': ({ memory }) => text(memory.callsPerSecond, 'thousands'),
    'CPU, µs a call': ({ memory }) => text(memory.cpuMicros, 1),
    'calls/s, `memory://` ÷ RabbitMQ': ({ memoryToRabbit }) => text(memoryToRabbit, 1),
  });
  return { runtimes: [table] };
}
