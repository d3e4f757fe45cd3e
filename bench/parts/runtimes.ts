import { resolve } from 'node:path';
import { callRate, inRounds, type Session } from '../rounds.js';
import { EMBEDDED, type Setting, type Subject, withSubjects } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure } from '../table.js';

/** Versions of Node.js in `test/runtimes`, oldest first. */
export const RUNTIMES = ['20', '22', '24', '26'] as const;

type Runtime = (typeof RUNTIMES)[number];

interface RuntimeRound {
  callsPerSecond: number;
  /** CPU of client and server for a call. */
  cpuMicros: number;
}

interface RuntimeResult {
  rabbit: Spreads<RuntimeRound>;
  memory: Spreads<RuntimeRound>;
  /** Calls/s of `memory://`, relative to RabbitMQ. */
  memoryToRabbit: number;
}

export interface RuntimesResult {
  inFlight: number;
  rounds: number;
  runtimes: Record<Runtime, RuntimeResult>;
}

/** Measures this library on each version of Node.js, on RabbitMQ and on `memory://`. */
export async function runRuntimes(session: Session): Promise<RuntimesResult> {
  const { inFlight, warmUp, sequential, loaded } = session.plan.calls;
  const { rounds } = session.plan.runtimes;
  const settings: Record<string, Setting> = {};
  for (const runtime of RUNTIMES) {
    const node = resolve(`test/runtimes/node_modules/node-${runtime}/bin/node`);
    settings[`rabbit ${runtime}`] = { peer: 'oslo', node };
    settings[`memory ${runtime}`] = { ...EMBEDDED, node };
  }
  const measureRound = async (subject: Subject): Promise<RuntimeRound> => {
    // V8 shrinks the heap of a process that has waited for its turn.
    await subject.measure({ inFlight, seconds: sequential });
    const { callsPerSecond, bothCpuMicrosPerCall } = await subject.measure({ inFlight, seconds: loaded });
    return { callsPerSecond, cpuMicros: bothCpuMicrosPerCall };
  };
  const figures = await withSubjects(session, settings, async (subjects) => {
    for (const subject of Object.values(subjects)) await subject.measure({ inFlight, seconds: warmUp });
    const options = { title: 'runtimes', rounds, steps: [measureRound], headline: callRate };
    return inRounds(subjects, options, session.say);
  });
  const runtimes = RUNTIMES.map((runtime) => {
    const { [`rabbit ${runtime}`]: rabbit = [], [`memory ${runtime}`]: memory = [] } = figures;
    const memoryToRabbit = ratios(memory, rabbit).callsPerSecond.median;
    return [runtime, { rabbit: spreads(rabbit), memory: spreads(memory), memoryToRabbit }];
  });
  return { inFlight, rounds, runtimes: Object.fromEntries(runtimes) };
}

export function runtimesDocuments({ inFlight, runtimes }: RuntimesResult): Record<string, Block[]> {
  const head = [
    `${inFlight} calls in flight`,
    'RabbitMQ: calls/s',
    'CPU of client and server, µs a call',
    '`memory://`: calls/s',
    'CPU, µs a call',
    'calls/s, `memory://` ÷ RabbitMQ',
  ];
  const rows = RUNTIMES.map((runtime) => {
    const { rabbit, memory, memoryToRabbit } = runtimes[runtime];
    return [
      `Node.js ${runtime}`,
      figure(rabbit.callsPerSecond, 'thousands'),
      figure(rabbit.cpuMicros, 0),
      figure(memory.callsPerSecond, 'thousands'),
      figure(memory.cpuMicros, 1),
      figure(memoryToRabbit, 1),
    ];
  });
  return { runtimes: [{ head, rows }] };
}
