import { freePort } from '../../test/support/free-port.js';
import type { Plan } from '../plan.js';
import { EMBEDDED, measured, type RunningPeer } from '../running-peer.js';
import { withPeers } from '../running-peers.js';
import type { Session } from '../session.js';
import { median, type Spread, spread } from '../statistics.js';

export interface MemoryFigures {
  p50Ms: Spread;
  p99Ms: Spread;
  callsPerSecond: Spread;
  loadedP99Ms: Spread;
  /** Client and server together. */
  cpuMicros: Spread;
}

export type MemorySubject = 'memory' | 'nest-tcp' | 'nest-tcp-apart' | 'rabbit';

export interface MemoryResult {
  rounds: number;
  subjects: Record<MemorySubject, MemoryFigures>;
  /** `memory://` to Nest's TCP, whichever of its two forms does better, and to RabbitMQ: by rounds. */
  toTcp: Record<keyof MemoryFigures, number>;
  callsToRabbit: number;
}

type Round = Record<keyof MemoryFigures, number>;

const FIGURES = ['p50Ms', 'p99Ms', 'callsPerSecond', 'loadedP99Ms', 'cpuMicros'] as const;

/** The embedded transport beside Nest's TCP on the loopback interface, and beside itself over RabbitMQ. */
export async function runMemory(session: Session): Promise<MemoryResult> {
  const { plan } = session;
  const rounds: Record<MemorySubject, Round[]> = { memory: [], 'nest-tcp': [], 'nest-tcp-apart': [], rabbit: [] };
  const tcp = async () => `tcp://127.0.0.1:${await freePort()}`;
  // Client and server in one process, as `memory://` has them, or apart.
  const subjects = {
    memory: { name: 'oslo', ...EMBEDDED },
    'nest-tcp': { name: 'nest-tcp', url: await tcp(), alone: true },
    'nest-tcp-apart': { name: 'nest-tcp', url: await tcp() },
    rabbit: { name: 'oslo' },
  } as const;
  const names = Object.keys(subjects) as MemorySubject[];
  await withPeers(session, Object.values(subjects), async (peers) => {
    const { inFlight, warmUp } = plan.calls;
    for (const peer of peers) await measured(peer, { inFlight, seconds: warmUp });
    for (let round = 1; round <= plan.memory.rounds; round++) {
      for (const [index, peer] of peers.entries()) {
        const name = names[index] as MemorySubject;
        const figures = await runRound(peer, plan);
        rounds[name].push(figures);
        const rate = Math.round(figures.callsPerSecond);
        session.say(`memory ${round} of ${plan.memory.rounds}  ${name.padEnd(15)}  ${rate} calls/s`);
      }
    }
  });
  return {
    rounds: plan.memory.rounds,
    subjects: {
      memory: figures(rounds.memory),
      'nest-tcp': figures(rounds['nest-tcp']),
      'nest-tcp-apart': figures(rounds['nest-tcp-apart']),
      rabbit: figures(rounds.rabbit),
    },
    toTcp: perFigure((name) => {
      const together = ratio(rounds.memory, rounds['nest-tcp'], name);
      const apart = ratio(rounds.memory, rounds['nest-tcp-apart'], name);
      return name === 'callsPerSecond' ? Math.min(together, apart) : Math.max(together, apart);
    }),
    callsToRabbit: ratio(rounds.memory, rounds.rabbit, 'callsPerSecond'),
  };
}

async function runRound(peer: RunningPeer, { calls: { inFlight, sequential, loaded } }: Plan): Promise<Round> {
  const one = await measured(peer, { inFlight: 1, seconds: sequential });
  const many = await measured(peer, { inFlight, seconds: loaded });
  return {
    p50Ms: one.p50Ms,
    p99Ms: one.p99Ms,
    callsPerSecond: many.callsPerSecond,
    loadedP99Ms: many.p99Ms,
    cpuMicros: many.bothCpuMicrosPerCall,
  };
}

function figures(rounds: readonly Round[]): MemoryFigures {
  return perFigure((name) => spread(rounds.map((round) => round[name])));
}

function ratio(upper: readonly Round[], lower: readonly Round[], name: keyof MemoryFigures): number {
  return median(upper.map((round, index) => round[name] / (lower[index]?.[name] ?? Number.NaN)));
}

function perFigure<T>(value: (name: keyof MemoryFigures) => T): Record<keyof MemoryFigures, T> {
  return Object.fromEntries(FIGURES.map((name) => [name, value(name)])) as Record<keyof MemoryFigures, T>;
}
