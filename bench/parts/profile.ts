import { blocksOf, blockToText, type ProfileSummary, summarize } from '../profile/blocks.js';
import { framesOf } from '../profile/frames.js';
import { GROUP_NAMES, GROUPS } from '../profile/groups.js';
import type { CpuProfile } from '../running/cpu-profiler.js';
import { type Session, withSubjects } from '../running/session.js';
import { EMBEDDED, type Setting } from '../running/subject.js';
import { type Block, figure, tableOf } from '../table.js';

export interface ProfileFigures extends ProfileSummary {
  /** CPU of a call without the profiler. It is divided among the functions. */
  cpuMicros: number;
  /** CPU of a call under the profiler. */
  profiledCpuMicros: number;
  /** Blocks of the icicle chart, a line of text each. */
  blocks: string[];
}

const TITLES = { client: 'client', server: 'server', memory: '`memory://`, both in one' };

export type ProfileSubject = keyof typeof TITLES;

export const PROFILE_SUBJECTS = Object.keys(TITLES) as ProfileSubject[];

export interface ProfileResult {
  inFlight: number;
  /** Client and server on RabbitMQ, and both in one process on `memory://`. */
  subjects: Record<ProfileSubject, ProfileFigures>;
}

/** Profiles the CPU of a call in the processes of this library. */
export async function runProfile(session: Session): Promise<ProfileResult> {
  const { client, server } = await profiles(session, { peer: 'oslo' });
  const { client: memory } = await profiles(session, EMBEDDED);
  if (!server) throw new Error('the profile of the server is missing');
  return { inFlight: session.plan.calls.inFlight, subjects: { client, server, memory } };
}

function profiles(session: Session, oslo: Setting) {
  const { inFlight } = session.plan.calls;
  const { warmUp, seconds } = session.plan.profile;
  return withSubjects(session, { oslo }, async ({ oslo: subject }) => {
    await subject.measure({ inFlight, seconds: warmUp });
    const plain = await subject.measure({ inFlight, seconds });
    const { measured: seen, client, server } = await subject.profile({ inFlight, seconds });
    const [rate, seenRate] = [plain, seen].map((it) => Math.round(it.callsPerSecond));
    session.say(`profile     ${oslo.url ?? 'RabbitMQ'}  ${rate} calls/s, ${seenRate} under the profiler`);
    return {
      client: figures(client, plain.clientCpuMicrosPerCall, seen.clientCpuMicrosPerCall),
      server: server && figures(server, plain.serverCpuMicrosPerCall, seen.serverCpuMicrosPerCall),
    };
  });
}

function figures(profile: CpuProfile, cpuMicros: number, profiledCpuMicros: number): ProfileFigures {
  const frames = framesOf(profile);
  const blocks = blocksOf(frames, cpuMicros).map(blockToText);
  return { cpuMicros, profiledCpuMicros, ...summarize(frames, cpuMicros), blocks };
}

export function profileDocuments({ subjects }: ProfileResult): Record<string, Block[]> {
  const row = (label: string, read: (it: ProfileFigures) => number) => [
    label,
    ...PROFILE_SUBJECTS.map((name) => figure(read(subjects[name]), 1)),
  ];
  const spent = GROUP_NAMES.filter((group) => PROFILE_SUBJECTS.some((name) => subjects[name].groups[group] >= 0.05));
  const groups = {
    head: ['µs of CPU of a call', ...PROFILE_SUBJECTS.map((name) => TITLES[name])],
    rows: [
      ...spent.map((group) => row(GROUPS[group].title, (it) => it.groups[group])),
      row('in all', ({ cpuMicros }) => cpuMicros),
      row('in all, under the profiler', ({ profiledCpuMicros }) => profiledCpuMicros),
    ],
  };
  const heaviest = PROFILE_SUBJECTS.map((subject) =>
    tableOf(subjects[subject].heaviest, {
      [TITLES[subject]]: ({ name }) => `\`${name}\``,
      where: ({ at }) => (at ? `\`${at}\`` : 'native code'),
      'µs of a call': ({ micros }) => figure(micros, 2),
    }),
  );
  return { profile: [groups], heaviest };
}
