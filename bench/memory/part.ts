import { freePort } from '../../test/support/free-port.js';
import { measured, RunningPeer } from '../running-peer.js';
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

/** Client and server in one process, as `memory://` has them, or apart. */
interface Subject {
  peer: RunningPeer;
  alone: boolean;
}

const FIGURES = ['p50Ms', 'p99Ms', 'callsPerSecond', 'loadedP99Ms', 'cpuMicros'] as const;

/** The embedded transport beside Nest's TCP on the loopback interface, and beside itself over RabbitMQ. */
export async function runMemory({ broker, plan, say }: Session): Promise<MemoryResult> {
  const tcp = async () => `tcp://127.0.0.1:${await freePort()}`;
  const starts: Record<MemorySubject, () => Promise<Subject>> = {
    memory: () => start('oslo', 'memory://bench', true),
    'nest-tcp': async () => start('nest-tcp', await tcp(), true),
    'nest-tcp-apart': async () => start('nest-tcp', await tcp(), false),
    rabbit: () => start('oslo', broker.url, false),
  };
  async function start(name: 'oslo' | 'nest-tcp', url: string, alone: boolean): Promise<Subject> {
    return { peer: await RunningPeer.start(name, broker, { url, alone }), alone };
  }

  const subjects = new Map<MemorySubject, Subject>();
  const rounds: Record<MemorySubject, Round[]> = { memory: [], 'nest-tcp': [], 'nest-tcp-apart': [], rabbit: [] };
  try {
    for (const name of Object.keys(starts) as MemorySubject[]) subjects.set(name, await starts[name]());
    const { inFlight, sequential, loaded } = plan.calls;
    for (const { peer } of subjects.values()) await measured(peer, { inFlight, seconds: plan.calls.warmUp });
    for (let round = 0; round < plan.memory.rounds; round++) {
      for (const [name, { peer, alone }] of subjects) {
        const one = await measured(peer, { inFlight: 1, seconds: sequential });
        const many = await measured(peer, { inFlight, seconds: loaded });
        rounds[name].push({
          p50Ms: one.p50Ms,
          p99Ms: one.p99Ms,
          callsPerSecond: many.callsPerSecond,
          loadedP99Ms: many.p99Ms,
          // A process that is both counts once.
          cpuMicros: many.clientCpuMicrosPerCall + (alone ? 0 : many.serverCpuMicrosPerCall),
        });
        say(
          `memory ${round + 1} of ${plan.memory.rounds}  ${name.padEnd(15)}  ${Math.round(many.callsPerSecond)} calls/s`,
        );
      }
    }
  } finally {
    await Promise.all([...subjects.values()].map(({ peer }) => peer.stop()));
    const topic = subjects.get('rabbit')?.peer.place.topic;
    if (topic) await broker.deleteQueues([topic, `${topic}.bench`]);
  }
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

function figures(rounds: readonly Round[]): MemoryFigures {
  return perFigure((name) => spread(rounds.map((round) => round[name])));
}

function ratio(upper: readonly Round[], lower: readonly Round[], name: keyof MemoryFigures): number {
  return median(upper.map((round, index) => round[name] / (lower[index]?.[name] ?? Number.NaN)));
}

function perFigure<T>(value: (name: keyof MemoryFigures) => T): Record<keyof MemoryFigures, T> {
  return Object.fromEntries(FIGURES.map((name) => [name, value(name)])) as Record<keyof MemoryFigures, T>;
}
