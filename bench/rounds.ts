import type { Plan } from './plan.js';
import type { Session } from './running/session.js';
import type { Subject } from './running/subject.js';
import { mapValues } from './statistics.js';

interface Rounds<Name extends string, Measurable, Round> {
  title: string;
  rounds: number;
  subjects: Readonly<Record<Name, Measurable>>;
  /** Each measures some of the figures. All subjects pass a step before the first one begins the next. */
  steps: readonly ((it: Measurable) => Promise<Partial<Round>>)[];
}

/** Figures of calls in one round. CPU is that of one call. */
export interface CallsRound {
  /** With one call at a time. */
  p50Ms: number;
  p99Ms: number;
  /** This and the rest: with many calls in flight. */
  callsPerSecond: number;
  loadedP99Ms: number;
  clientCpuMicros: number;
  serverCpuMicros: number;
  brokerCpuMicros: number;
  /** CPU of client and server. */
  cpuMicros: number;
}

/** Measures in turn, round after round: the speed of a machine drifts by more than subjects differ. */
export async function inRounds<Name extends string, Measurable, Round extends object>(
  { say }: Pick<Session, 'say'>,
  { title, rounds, subjects, steps }: Rounds<Name, Measurable, Round>,
): Promise<Record<Name, Round[]>> {
  const names = Object.keys(subjects) as Name[];
  const found = mapValues(subjects, (): Round[] => []);
  for (let round = 0; round < rounds; round++) {
    // Changes who is first, which finds an idle broker, and who follows the heaviest subject.
    const order = names.map((_, index) => names[(index + round) % names.length] as Name);
    const figures = new Map<Name, Partial<Round>>();
    for (const step of steps)
      for (const name of order) figures.set(name, { ...figures.get(name), ...(await step(subjects[name])) });
    for (const name of order) {
      const measured = figures.get(name) as Round;
      found[name].push(measured);
      const line = Object.entries(measured).map(([figure, value]) => `${figure} ${Number(value.toPrecision(3))}`);
      say(`${title} ${round + 1} of ${rounds}  ${name.padEnd(15)}  ${line.join('  ')}`);
    }
  }
  return found;
}

/** Returns a warm-up, half of it with one call at a time. */
export function warmUpOf({ warmUp, inFlight }: Plan['calls']) {
  return async (subject: Subject): Promise<void> => {
    await subject.measure({ inFlight: 1, seconds: warmUp / 2 });
    await subject.measure({ inFlight, seconds: warmUp / 2 });
  };
}

/** Returns the steps of calls in a round. */
export function callSteps({ inFlight, sequential, loaded }: Plan['calls']) {
  return [
    async (subject: Subject): Promise<Partial<CallsRound>> => {
      const { p50Ms, p99Ms } = await subject.measure({ inFlight: 1, seconds: sequential });
      return { p50Ms, p99Ms };
    },
    async (subject: Subject): Promise<Partial<CallsRound>> => {
      const { p99Ms: loadedP99Ms, ...all } = await subject.measure({ inFlight, seconds: loaded });
      const { callsPerSecond, clientCpuMicros, serverCpuMicros, brokerCpuMicros, cpuMicros } = all;
      return { callsPerSecond, loadedP99Ms, clientCpuMicros, serverCpuMicros, brokerCpuMicros, cpuMicros };
    },
  ];
}
