import { freePort } from '../../testkit/free-port.js';
import { callRate, measureRounds } from '../rounds.js';
import type { Session } from '../running/session.js';
import { EMBEDDED, type Subject } from '../running/subject.js';
import { ratios, type Spreads, spreads } from '../statistics.js';
import { type Block, figure, text } from '../table.js';
import { measureLatency } from './calls.js';

interface MemoryRound {
  p50Ms: number;
  p99Ms: number;
  callsPerSecond: number;
  loadedP99Ms: number;
  /** CPU of client and server for a call. */
  cpuMicros: number;
}

const TITLES = {
  memory: 'memory://',
  'nest-tcp': "Nest's TCP, one process",
  'nest-tcp-apart': "Nest's TCP, two processes",
  rabbit: 'this library on RabbitMQ',
};

type MemorySubject = keyof typeof TITLES;

export interface MemoryResult {
  subjects: Record<MemorySubject, Spreads<MemoryRound>>;
  /** `memory://` relative to the better of the two forms of Nest's TCP. */
  toTcp: Record<keyof MemoryRound, number>;
  callsToRabbit: number;
}

/** Compares the embedded transport with Nest's TCP on the loopback interface, and with RabbitMQ. */
export async function runMemory(session: Session): Promise<MemoryResult> {
  const { inFlight, warmUp, loaded } = session.plan.calls;
  const tcp = async () => ({ peer: 'nest-tcp', url: `tcp://127.0.0.1:${await freePort()}` }) as const;
  const measureLoad = async (subject: Subject) => {
    const { callsPerSecond, p99Ms, bothCpuMicrosPerCall } = await subject.measure({ inFlight, seconds: loaded });
    return { callsPerSecond, loadedP99Ms: p99Ms, cpuMicros: bothCpuMicrosPerCall };
  };
  const options = {
    title: 'memory',
    subjects: {
      memory: EMBEDDED,
      'nest-tcp': { ...(await tcp()), alone: true },
      'nest-tcp-apart': await tcp(),
      rabbit: { peer: 'oslo' },
    } as const,
    warmUp: (subject: Subject) => subject.measure({ inFlight, seconds: warmUp }),
    rounds: session.plan.memory.rounds,
    steps: [(it: Subject) => measureLatency(it, session.plan.calls), measureLoad],
    headline: (it: MemoryRound) => callRate(it),
  };
  return measureRounds(session, options, (figures) => {
    const together = ratios(figures.memory, figures['nest-tcp']);
    const apart = ratios(figures.memory, figures['nest-tcp-apart']);
    const atBest = (Object.keys(together) as (keyof MemoryRound)[]).map((name) => {
      const better = name === 'callsPerSecond' ? Math.min : Math.max;
      return [name, better(together[name].median, apart[name].median)];
    });
    return {
      subjects: Object.fromEntries(Object.entries(figures).map(([name, rounds]) => [name, spreads(rounds)])),
      toTcp: Object.fromEntries(atBest),
      callsToRabbit: ratios(figures.memory, figures.rabbit).callsPerSecond.median,
    } as MemoryResult;
  });
}

export function memoryDocuments({ subjects, toTcp, callsToRabbit }: MemoryResult): Record<string, Block[]> {
  const names = Object.keys(TITLES) as MemorySubject[];
  const row = (label: string, name: keyof MemoryRound, digits: number | 'thousands') => [
    label,
    ...names.map((subject) => figure(subjects[subject][name], digits)),
    figure(toTcp[name], 2),
  ];
  const head = ['', ...names.map((name) => TITLES[name]), '`memory://` ÷ TCP at its best'];
  const rows = [
    row('one at a time, p50, ms', 'p50Ms', 3),
    row('one at a time, p99, ms', 'p99Ms', 3),
    row('calls/s, 100 in flight', 'callsPerSecond', 'thousands'),
    row('p99, 100 in flight, ms', 'loadedP99Ms', 2),
    row('CPU of both, µs a call', 'cpuMicros', 1),
  ];
  return { memory: [{ head, rows }, `Calls/s of \`memory://\` ÷ those on RabbitMQ: ${text(callsToRabbit, 1)}.`] };
}
