import { resolve } from 'node:path';
import { callRate, measureRounds } from '../rounds.js';
import type { Session } from '../running/session.js';
import { EMBEDDED, type Setting, type Subject } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, tableOf } from '../table.js';

/** Versions of Node.js in `test/runtimes`, oldest first. */
export const RUNTIMES = ['20', '22', '24', '26'] as const;

type Runtime = (typeof RUNTIMES)[number];

interface RuntimeRound {
  callsPerSecond: number;
  /** CPU of client and server for a call. */
  cpuMicros: number;
}

export interface RuntimesResult {
  inFlight: number;
  /** `memoryToRabbit` is calls/s of `memory://`, relative to RabbitMQ. */
  runtimes: Record<Runtime, { rabbit: Spreads<RuntimeRound>; memory: Spreads<RuntimeRound>; memoryToRabbit: number }>;
}

/** Measures this library on each version of Node.js, on RabbitMQ and on `memory://`. */
export function runRuntimes(session: Session): Promise<RuntimesResult> {
  const { inFlight, warmUp, sequential, loaded } = session.plan.calls;
  const subjects: Record<string, Setting> = {};
  for (const runtime of RUNTIMES) {
    const node = resolve(`test/runtimes/node_modules/node-${runtime}/bin/node`);
    subjects[`rabbit ${runtime}`] = { peer: 'oslo', node };
    subjects[`memory ${runtime}`] = { ...EMBEDDED, node };
  }
  const measureRound = async (subject: Subject): Promise<RuntimeRound> => {
    // V8 shrinks the heap of a process that has waited for its turn.
    await subject.measure({ inFlight, seconds: sequential });
    const { callsPerSecond, bothCpuMicrosPerCall } = await subject.measure({ inFlight, seconds: loaded });
    return { callsPerSecond, cpuMicros: bothCpuMicrosPerCall };
  };
  const options = {
    title: 'runtimes',
    subjects,
    warmUp: (subject: Subject) => subject.measure({ inFlight, seconds: warmUp }),
    rounds: session.plan.runtimes.rounds,
    steps: [measureRound],
    headline: (it: RuntimeRound) => callRate(it),
  };
  return measureRounds(session, options, (figures) => {
    const runtimes = RUNTIMES.map((runtime) => {
      const { [`rabbit ${runtime}`]: rabbit = [], [`memory ${runtime}`]: memory = [] } = figures;
      const memoryToRabbit = ratios(memory, rabbit).callsPerSecond.median;
      return [runtime, { rabbit: spreads(rabbit), memory: spreads(memory), memoryToRabbit }];
    });
    return { inFlight, runtimes: Object.fromEntries(runtimes) };
  });
}

export function runtimesDocuments({ inFlight, runtimes }: RuntimesResult): Record<string, Block[]> {
  const rows = RUNTIMES.map((runtime) => ({ runtime, ...runtimes[runtime] }));
  const table = tableOf(rows, {
    [`${inFlight} calls in flight`]: ({ runtime }) => `Node.js ${runtime}`,
    'RabbitMQ: calls/s': ({ rabbit }) => figure(rabbit.callsPerSecond, 'thousands'),
    'CPU of client and server, µs a call': ({ rabbit }) => figure(rabbit.cpuMicros, 0),
    '`memory://`: calls/s': ({ memory }) => figure(memory.callsPerSecond, 'thousands'),
    'CPU, µs a call': ({ memory }) => figure(memory.cpuMicros, 1),
    'calls/s, `memory://` ÷ RabbitMQ': ({ memoryToRabbit }) => figure(memoryToRabbit, 1),
  });
  return { runtimes: [table] };
}
