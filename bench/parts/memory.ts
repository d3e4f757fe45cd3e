import { freePort } from '../../testkit/free-port.js';
import { type CallsRound, callSteps, inRounds, warmUpOf } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import { EMBEDDED } from '../running/subject.js';
import { mapValues, medians, ratios } from '../statistics.js';
import { type Block, text } from '../table.js';
import type { Goals } from './goal.js';

const TITLES = {
  memory: 'memory://',
  'nest-tcp': "Nest's TCP, one process",
  'nest-tcp-apart': "Nest's TCP, two processes",
  rabbit: 'this library on RabbitMQ',
};

const FIGURES = [
  ['one at a time, p50, ms', 'p50Ms', 3],
  ['one at a time, p99, ms', 'p99Ms', 3],
  ['calls/s, 100 in flight', 'callsPerSecond', 'thousands'],
  ['p99, 100 in flight, ms', 'loadedP99Ms', 2],
  ['CPU of both, µs a call', 'cpuMicros', 1],
] as const;

type FigureName = (typeof FIGURES)[number][1];

const NAMES = Object.keys(TITLES) as (keyof typeof TITLES)[];

export interface MemoryResult {
  subjects: Record<keyof typeof TITLES, Pick<CallsRound, FigureName>>;
  /** `memory://` relative to the better of the two forms of Nest's TCP. */
  toTcp: Record<FigureName, number>;
  callsToRabbit: number;
}

/** Compares the embedded transport with Nest's TCP on the loopback interface, and with RabbitMQ. */
export async function run(session: Session): Promise<MemoryResult> {
  const plan = { ...session.plan.calls, ...session.plan.memory };
  const tcp = async () => ({ peer: 'nest-tcp', url: `tcp://127.0.0.1:${await freePort()}` }) as const;
  const settings = {
    memory: EMBEDDED,
    'nest-tcp': { ...(await tcp()), alone: true },
    'nest-tcp-apart': await tcp(),
    rabbit: { peer: 'oslo' },
  } as const;
  const figures = await withSubjects(session, settings, warmUpOf(plan), (subjects) =>
    inRounds(session, { title: 'memory', subjects, rounds: plan.rounds, steps: callSteps(plan) }),
  );
  const together = ratios(figures.memory, figures['nest-tcp']);
  const apart = ratios(figures.memory, figures['nest-tcp-apart']);
  const toTcp = FIGURES.map(([, name]) => {
    const better = name === 'callsPerSecond' ? Math.min : Math.max;
    return [name, better(together[name], apart[name])];
  });
  return {
    subjects: mapValues(figures, (rounds) => medians(rounds)),
    toTcp: Object.fromEntries(toTcp),
    callsToRabbit: ratios(figures.memory, figures.rabbit).callsPerSecond,
  };
}

export function goals({ toTcp, callsToRabbit }: MemoryResult): Goals {
  return {
    'memory beside TCP': [
      ['memory:// calls/s ÷ TCP', 'at least', 1, toTcp.callsPerSecond],
      ['memory:// p50 ÷ TCP', 'at most', 1, toTcp.p50Ms],
      ['memory:// p99 ÷ TCP', 'at most', 1, toTcp.p99Ms],
      ['memory:// p99 ÷ TCP, 100 in flight', 'at most', 1, toTcp.loadedP99Ms],
      ['memory:// CPU of a call ÷ TCP', 'at most', 1, toTcp.cpuMicros],
    ],
    'memory beside RabbitMQ': [['memory:// calls/s ÷ RabbitMQ', 'at least', 10, callsToRabbit]],
  };
}

export function documents({ subjects, toTcp, callsToRabbit }: MemoryResult): Record<string, Block[]> {
  const head = ['', ...NAMES.map((name) => TITLES[name]), '`memory://` ÷ TCP at its best'];
  const rows = FIGURES.map(([title, name, digits]) => [
    title,
    ...NAMES.map((subject) => text(subjects[subject][name], digits)),
    text(toTcp[name], 2),
  ]);
  return { memory: [{ head, rows }, `Calls/s of \`memory://\` ÷ those on RabbitMQ: ${text(callsToRabbit, 1)}.`] };
}
