import { PEERS } from '../peers/peer.js';
import { inRounds } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import type { Setting, Subject } from '../running/subject.js';
import { mapValues, medians, ratios } from '../statistics.js';
import { type Block, tableOf, text } from '../table.js';
import type { Goal, Goals } from './goal.js';

const SUBJECTS = {
  oslo: { peer: 'oslo' },
  floor: { peer: 'floor' },
  envelope: { peer: 'floor-envelope' },
  moleculer: { peer: 'moleculer' },
} as const satisfies Record<string, Setting>;

type SubjectKey = keyof typeof SUBJECTS;
type Other = Exclude<SubjectKey, 'oslo'>;

const TITLES: Record<Other, string> = {
  floor: PEERS.floor.title,
  envelope: "bare amqplib, oslo.messaging's envelope by hand",
  moleculer: PEERS.moleculer.title,
};

/** Calls in flight at most. */
const MAX_IN_FLIGHT = 50;

interface SizeRound {
  callsPerSecond: number;
  clientCpuMicros: number;
  serverCpuMicros: number;
}

interface SizeResult {
  bytes: number;
  /** True for one text, absent for records. */
  isText?: true;
  inFlight: number;
  subjects: Partial<Record<SubjectKey, SizeRound>>;
  /** Calls in a second of this library to those of the others. */
  callsTo: Partial<Record<Other, number>>;
}

export interface PayloadResult {
  sizes: SizeResult[];
}

/** Measures echo calls of several sizes, and of one text. */
export async function run(session: Session): Promise<PayloadResult> {
  const { rounds, seconds, sizes, textBytes, bytesInFlight } = session.plan.payload;
  const kinds: Pick<SizeResult, 'bytes' | 'isText'>[] = [
    ...sizes.map((bytes) => ({ bytes })),
    { bytes: textBytes, isText: true },
  ];
  const { moleculer, ...own } = SUBJECTS;
  const settings: Partial<Record<SubjectKey, Setting>> = session.peers.includes('moleculer')
    ? { ...own, moleculer }
    : own;
  const inFlightOf = (bytes: number) => Math.max(2, Math.min(MAX_IN_FLIGHT, Math.round(bytesInFlight / bytes)));
  const load = (subject: Subject, { bytes, isText }: (typeof kinds)[number]) =>
    subject.measure({ inFlight: inFlightOf(bytes), seconds }, bytes, isText);
  const warmUp = async (subject: Subject): Promise<void> => {
    for (const kind of kinds) await load(subject, kind);
  };
  return withSubjects(session, settings as Record<SubjectKey, Setting>, warmUp, async (subjects) => {
    const found: SizeResult[] = [];
    for (const kind of kinds) {
      const step = async (subject: Subject): Promise<SizeRound> => {
        const { callsPerSecond, clientCpuMicros, serverCpuMicros } = await load(subject, kind);
        return { callsPerSecond, clientCpuMicros, serverCpuMicros };
      };
      const title = `payload of ${kindText(kind)},`;
      const figures = await inRounds<SubjectKey, Subject, SizeRound>(session, {
        title,
        rounds,
        subjects,
        steps: [step],
      });
      const { oslo, ...others } = figures;
      found.push({
        ...kind,
        inFlight: inFlightOf(kind.bytes),
        subjects: mapValues(figures, (ofSubject) => medians(ofSubject)),
        callsTo: mapValues(others, (ofOther) => ratios(oslo, ofOther).callsPerSecond),
      });
    }
    return { sizes: found };
  });
}

/** Least part of the floor's calls in a second, by size of the arguments in bytes. */
const PART_OF_FLOOR = new Map([
  [10_000, 0.9],
  [100_000, 0.75],
  [1_000_000, 0.85],
]);

export function goals({ sizes }: PayloadResult): Goals {
  const goalsOf = ({ callsTo: { floor, envelope }, ...kind }: SizeResult): Goal[] => {
    const name = `calls/s of ${kindText(kind)}`;
    // V8 escapes texts nearly as fast.
    const toEnvelope: Goal = [`${name} ÷ floor with envelope`, 'at least', kind.isText ? 0.95 : 1.05, envelope];
    const part = kind.isText ? undefined : PART_OF_FLOOR.get(kind.bytes);
    return part === undefined ? [toEnvelope] : [toEnvelope, [`${name} ÷ floor`, 'at least', part, floor]];
  };
  return { calls: sizes.flatMap(goalsOf) };
}

/** Returns the text of a size, such as `10 kB`. */
export function sizeText(bytes: number): string {
  return bytes >= 1e6 ? `${bytes / 1e6} MB` : bytes >= 1000 ? `${bytes / 1000} kB` : `${bytes} B`;
}

/** Returns the text of a size and its kind, such as `100 kB of text`. */
export function kindText({ bytes, isText }: Pick<SizeResult, 'bytes' | 'isText'>): string {
  return isText ? `${sizeText(bytes)} of text` : sizeText(bytes);
}

export function documents({ sizes }: PayloadResult): Record<string, Block[]> {
  const cpu = ({ clientCpuMicros, serverCpuMicros }: SizeRound) =>
    `${text(clientCpuMicros, 'thousands')} / ${text(serverCpuMicros, 'thousands')}`;
  const names = (Object.keys(TITLES) as Other[]).filter((name) => sizes.some(({ callsTo }) => name in callsTo));
  const calls = tableOf(sizes, {
    arguments: kindText,
    'in flight': ({ inFlight }) => String(inFlight),
    'calls/s': ({ subjects }) => text(subjects.oslo?.callsPerSecond, 'thousands'),
    ...Object.fromEntries(
      names.map((name) => [`÷ ${TITLES[name]}`, ({ callsTo }: SizeResult) => text(callsTo[name], 2)]),
    ),
  });
  const micros = tableOf(sizes, {
    'CPU a call, µs: client / server': kindText,
    ...Object.fromEntries(
      (['oslo', ...names] as const).map((name) => [
        name === 'oslo' ? PEERS.oslo.title : TITLES[name],
        ({ subjects }: SizeResult) => (subjects[name] ? cpu(subjects[name]) : '-'),
      ]),
    ),
  });
  return { payload: [calls, micros] };
}
