import { PEERS } from '../peers/peer.js';
import { inRounds } from '../rounds.js';
import { payload, payloadOf } from '../running/payload.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Subject } from '../running/subject.js';
import { mapValues, medians, ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goals } from './goal.js';

const SUBJECTS = { oslo: { peer: 'oslo' }, floor: { peer: 'floor' } } as const;
type SubjectKey = keyof typeof SUBJECTS;

/** Latencies of the small calls in milliseconds, and of the large ones. */
interface Round {
  aloneP50Ms: number;
  aloneP99Ms: number;
  besideP50Ms: number;
  besideP99Ms: number;
  largeP50Ms: number;
}

export interface BesideResult {
  ratePerSecond: number;
  largePerSecond: number;
  largeBytes: number;
  subjects: Record<SubjectKey, Round>;
  /** Latency of the small calls beside large ones, relative to those alone. */
  besideToAlone: Record<SubjectKey, { p50: number; p99: number }>;
  /** 99th percentile beside large calls, relative to bare amqplib's. */
  toFloor: number;
}

/** Measures small calls beside large ones of the same client to the same server. */
export async function run(session: Session): Promise<BesideResult> {
  const { rounds, seconds, ratePerSecond, largePerSecond, largeBytes } = session.plan.beside;
  const pace = { ratePerSecond, seconds };
  const large = [{ ratePerSecond: largePerSecond, seconds }, payloadOf(largeBytes)] as const;
  const beside = async (subject: Subject) =>
    subject.withoutErrors(await subject.client.ask('paceBeside', pace, payload, ...large));
  const warmUp = async (subject: Subject): Promise<void> => {
    await subject.measure({ inFlight: 1, seconds });
    await beside(subject);
  };
  const steps = [
    async (subject: Subject): Promise<Partial<Round>> => {
      const { p50Ms, p99Ms } = subject.withoutErrors(await subject.client.ask('pace', pace, payload));
      return { aloneP50Ms: p50Ms, aloneP99Ms: p99Ms };
    },
    async (subject: Subject): Promise<Partial<Round>> => {
      const { p50Ms, p99Ms, largeP50Ms } = await beside(subject);
      return { besideP50Ms: p50Ms, besideP99Ms: p99Ms, largeP50Ms };
    },
  ];
  const figures = await withSubjects(session, SUBJECTS, warmUp, (subjects) =>
    inRounds<SubjectKey, Subject, Round>(session, { title: 'beside', rounds, subjects, steps }),
  );
  const subjects = mapValues(figures, (ofSubject) => medians(ofSubject));
  return {
    ratePerSecond,
    largePerSecond,
    largeBytes,
    subjects,
    besideToAlone: mapValues(subjects, (it) => ({
      p50: it.besideP50Ms / it.aloneP50Ms,
      p99: it.besideP99Ms / it.aloneP99Ms,
    })),
    toFloor: ratios(figures.oslo, figures.floor).besideP99Ms,
  };
}

export function goals({ besideToAlone }: BesideResult): Goals {
  return { calls: [['p99 of small calls beside large ones ÷ alone', 'at most', 2, besideToAlone.oslo.p99]] };
}

export function documents(result: BesideResult): Record<string, Block[]> {
  const { subjects, besideToAlone, ratePerSecond, largePerSecond, largeBytes } = result;
  const pair = (p50: number, p99: number) => `${text(p50, 2)} / ${text(p99, 2)} ms`;
  const table = tableOf(Object.keys(SUBJECTS) as SubjectKey[], {
    [`${ratePerSecond} small calls/s`]: (name) => PEERS[name].title,
    'p50 / p99, alone': (name) => pair(subjects[name].aloneP50Ms, subjects[name].aloneP99Ms),
    [`beside ${largePerSecond} calls/s of ${largeBytes / 1e6} MB`]: (name) =>
      pair(subjects[name].besideP50Ms, subjects[name].besideP99Ms),
    'p99, beside ÷ alone': (name) => text(besideToAlone[name].p99, 1),
    'p50 of the large calls': (name) => `${text(subjects[name].largeP50Ms, 1)} ms`,
  });
  return { beside: [table] };
}
