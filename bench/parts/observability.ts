import { type CallsRound, inRounds } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { mapValues, medians, ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

const TITLES = {
  off: 'nothing',
  metrics: 'metrics',
  traces: 'traces, each span recorded',
  all: 'both, slow calls and a client interceptor',
};
type SubjectKey = keyof typeof TITLES;
const NAMES = Object.keys(TITLES) as SubjectKey[];

type Figures = Pick<CallsRound, 'callsPerSecond' | 'clientCpuMicros' | 'serverCpuMicros'>;

export interface ObservabilityResult {
  inFlight: number;
  subjects: Record<SubjectKey, Figures>;
  /** Calls in a second, relative to those without any of it. */
  callsToOff: Record<SubjectKey, number>;
}

/** Measures what traces and metrics cost. */
export async function run(session: Session): Promise<ObservabilityResult> {
  const plan = { ...session.plan.calls, ...session.plan.observability };
  const settings = {
    off: { peer: 'oslo' },
    metrics: { peer: 'oslo-observed-metrics' },
    traces: { peer: 'oslo-observed-traces' },
    all: { peer: 'oslo-observed-all' },
  } as const;
  const { inFlight, loaded: seconds, rounds, warmUpCalls } = plan;
  const warmUp = (subject: Subject) => subject.measure({ inFlight, calls: warmUpCalls });
  const step = async (subject: Subject): Promise<Figures> => {
    const { callsPerSecond, clientCpuMicros, serverCpuMicros } = await subject.measure({ inFlight, seconds });
    return { callsPerSecond, clientCpuMicros, serverCpuMicros };
  };
  const figures = await withSubjects(session, settings, warmUp, (subjects) =>
    inRounds(session, { title: 'observability', subjects, rounds, steps: [step] }),
  );
  return {
    inFlight,
    subjects: mapValues(figures, (ofSubject) => medians(ofSubject)),
    callsToOff: mapValues(figures, (ofSubject) => ratios(ofSubject, figures.off).callsPerSecond),
  };
}

export function goals({ callsToOff }: ObservabilityResult): Goals {
  return { observation: [['calls/s with traces and metrics ÷ without', 'at least', 0.85, callsToOff.all]] };
}

export function documents({ inFlight, subjects, callsToOff }: ObservabilityResult): Record<string, Block[]> {
  const rows = NAMES.map((name) => ({ name, ...subjects[name] }));
  const table = tableOf(rows, {
    'switched on': ({ name }) => TITLES[name],
    'CPU a call, µs: client / server': (it) => `${text(it.clientCpuMicros, 0)} / ${text(it.serverCpuMicros, 0)}`,
    [`calls/s ÷ those with nothing, ${inFlight} in flight`]: ({ name }) => text(callsToOff[name], 2),
  });
  return { observability: [table] };
}
