import type { PeerName } from './peers/peer.js';
import type { Plan } from './plan.js';
import type { Broker } from './running/broker.js';

/** Broker, plan and peers of a run. */
export interface Session {
  readonly broker: Broker;
  readonly plan: Plan;
  readonly peers: readonly PeerName[];
  /** Prints a line of progress. */
  say(line: string): void;
}

interface Rounds<Subject, Round> {
  title: string;
  rounds: number;
  /** Measures some of the figures. All subjects pass a step before the first one begins the next. */
  steps: readonly ((subject: Subject) => Promise<Partial<Round>>)[];
  /** Text of a line of progress. */
  headline(round: Round): string;
}

/** Measures the subjects in turn, round after round: the speed of a machine drifts by more than subjects differ. */
export async function inRounds<Name extends string, Subject, Round>(
  subjects: Readonly<Record<Name, Subject>>,
  { title, rounds, steps, headline }: Rounds<Subject, Round>,
  say: (line: string) => void,
): Promise<Record<Name, Round[]>> {
  const names = Object.keys(subjects) as Name[];
  const found = Object.fromEntries(names.map((name) => [name, [] as Round[]])) as Record<Name, Round[]>;
  for (let round = 0; round < rounds; round++) {
    const order = rotated(names, round);
    const figures = new Map<Name, Partial<Round>>();
    for (const step of steps)
      for (const name of order) figures.set(name, { ...figures.get(name), ...(await step(subjects[name])) });
    for (const name of order) {
      const measured = figures.get(name) as Round;
      found[name].push(measured);
      say(`${title} ${round + 1} of ${rounds}  ${name.padEnd(15)}  ${headline(measured)}`);
    }
  }
  return found;
}

/** Changes who is first, which finds an idle broker, and who follows the heaviest subject. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const shift = by % items.length;
  return [...items.slice(shift), ...items.slice(0, shift)];
}

export function callRate({ callsPerSecond }: { callsPerSecond: number }): string {
  return `${Math.round(callsPerSecond)} calls/s`;
}
