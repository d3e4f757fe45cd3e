import { type CallsRound, inRounds } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Setting, Subject } from '../running/subject.js';
import { mapValues, medians, ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

const TITLES = {
  off: 'none',
  registered: 'registered, no page open',
  page: 'registered, a page open at client and server',
};
type SubjectKey = keyof typeof TITLES;
const NAMES = Object.keys(TITLES) as SubjectKey[];

type Figures = Pick<CallsRound, 'callsPerSecond' | 'clientCpuMicros' | 'serverCpuMicros' | 'cpuMicros'>;

export interface ExplorerResult {
  inFlight: number;
  subjects: Record<SubjectKey, Figures>;
  /** The same on `memory://`, with client and server in one process. */
  memory: Record<SubjectKey, Figures>;
  /** Calls in a second, relative to those of the same application without the explorer. */
  callsToOff: Record<SubjectKey, number>;
  memoryToOff: Record<SubjectKey, number>;
}

/** Measures what the explorer costs an application. */
export async function run(session: Session): Promise<ExplorerResult> {
  const { inFlight } = session.plan.calls;
  const { loaded, memoryLoaded } = session.plan.explorer;
  const onRabbit = await compare(session, 'explorer', loaded, {});
  const onMemory = await compare(session, 'explorer on memory://', memoryLoaded, {
    url: 'memory://bench',
    alone: true,
  });
  return {
    inFlight,
    subjects: onRabbit.subjects,
    memory: onMemory.subjects,
    callsToOff: onRabbit.toOff,
    memoryToOff: onMemory.toOff,
  };
}

async function compare(session: Session, title: string, seconds: number, place: Pick<Setting, 'url' | 'alone'>) {
  const { inFlight } = session.plan.calls;
  const { rounds, warmUpCalls } = session.plan.explorer;
  const settings = {
    off: { peer: 'oslo-explored-off', ...place },
    registered: { peer: 'oslo-explored-registered', ...place },
    page: { peer: 'oslo-explored-page', ...place },
  } as const;
  const warmUp = (subject: Subject) => subject.measure({ inFlight, calls: warmUpCalls });
  const step = async (subject: Subject): Promise<Figures> => {
    const measured = await subject.measure({ inFlight, seconds });
    const { callsPerSecond, clientCpuMicros, serverCpuMicros, cpuMicros } = measured;
    return { callsPerSecond, clientCpuMicros, serverCpuMicros, cpuMicros };
  };
  const figures = await withSubjects(session, settings, warmUp, (subjects) =>
    inRounds(session, { title, subjects, rounds, steps: [step] }),
  );
  return {
    subjects: mapValues(figures, (ofSubject) => medians(ofSubject)),
    toOff: mapValues(figures, (ofSubject) => ratios(ofSubject, figures.off).callsPerSecond),
  };
}

export function goals({ callsToOff: { registered, page } }: ExplorerResult): Goals {
  return {
    observation: [
      ['calls/s with the explorer, no page open ÷ without', 'at least', 0.97, registered],
      ['calls/s with a page of the explorer ÷ without', 'at least', 0.97, page],
    ],
  };
}

export function documents(result: ExplorerResult): Record<string, Block[]> {
  const { inFlight, subjects, memory, callsToOff, memoryToOff } = result;
  const table = tableOf([...NAMES], {
    explorer: (name) => TITLES[name],
    'CPU a call, µs: client / server': (name) => {
      const { clientCpuMicros, serverCpuMicros } = subjects[name];
      return `${text(clientCpuMicros, 1)} / ${text(serverCpuMicros, 1)}`;
    },
    [`calls/s ÷ those without, ${inFlight} in flight`]: (name) => text(callsToOff[name], 3),
    'on `memory://`: µs a call, calls/s ÷': (name) =>
      `${text(memory[name].cpuMicros, 1)}, ${text(memoryToOff[name], 2)}`,
  });
  return { explorer: [table] };
}
