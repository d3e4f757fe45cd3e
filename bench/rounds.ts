import { type Session, withSubjects } from './running/session.js';
import type { Setting, Subject } from './running/subject.js';

interface Rounds<Measurable, Round> {
  title: string;
  rounds: number;
  /** Measures some of the figures. All pass a step before the first one begins the next. */
  steps: readonly ((it: Measurable) => Promise<Partial<NoInfer<Round>>>)[];
  /** Text of a line of progress. */
  headline(round: Round): string;
}

interface SubjectRounds<Name extends string, Round> extends Rounds<Subject, Round> {
  subjects: Readonly<Record<Name, Setting>>;
  warmUp(subject: Subject): Promise<unknown>;
}

/** Starts subjects, warms them up and measures them in rounds. `then` sees them before they are stopped. */
export function measureRounds<Name extends string, Round, T>(
  session: Session,
  { subjects: settings, warmUp, ...rounds }: SubjectRounds<Name, Round>,
  then: (figures: Record<Name, Round[]>, subjects: Record<Name, Subject>) => T | Promise<T>,
): Promise<T> {
  return withSubjects(session, settings, async (subjects) => {
    for (const [name, subject] of Object.entries<Subject>(subjects)) {
      session.say(`warm-up     ${name}`);
      await warmUp(subject);
    }
    return then(await inRounds(subjects, rounds, session.say), subjects);
  });
}

/** Measures in turn, round after round: the speed of a machine drifts by more than subjects differ. */
export async function inRounds<Name extends string, Measurable, Round>(
  subjects: Readonly<Record<Name, Measurable>>,
  { title, rounds, steps, headline }: Rounds<Measurable, Round>,
  say: Session['say'],
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
