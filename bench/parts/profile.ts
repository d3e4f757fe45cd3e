import type { CpuProfile } from '../../lib/cli/profile/cpu-profiler.js';
import { framesOf } from '../../lib/cli/profile/frames.js';
import { GROUP_NAMES, GROUPS } from '../../lib/cli/profile/groups.js';
import { blocksOf, summarize } from '../../lib/cli/profile/summary.js';
import { blockToText } from '../charts/block-text.js';
import { warmUpOf } from '../rounds.js';
import { type Session, withSubjects } from '../running/session.js';
import { EMBEDDED, type Setting } from '../running/subject.js';
import { type Block, tableOf, text } from '../table.js';

export type ProfileResult = Awaited<ReturnType<typeof run>>;
export type ProfileFigures = ReturnType<typeof figuresOf>;

const TITLES = { client: 'client', server: 'server', memory: '`memory://`, both in one' };

export const PROFILE_SUBJECTS = Object.keys(TITLES) as (keyof typeof TITLES)[];

/** Profiles the CPU of a call: of client and server on RabbitMQ, and of both in one process on `memory://`. */
export async function run(session: Session) {
  const { client, server } = await profiles(session, { peer: 'oslo' });
  const { client: memory } = await profiles(session, EMBEDDED);
  return { inFlight: session.plan.calls.inFlight, subjects: { client, server, memory } };
}

function profiles(session: Session, oslo: Setting) {
  const load = { inFlight: session.plan.calls.inFlight, seconds: session.plan.profile.seconds };
  return withSubjects(session, { oslo }, warmUpOf(session.plan.calls), async ({ oslo: subject }) => {
    const plain = await subject.measure(load);
    // A process that is both is asked once.
    const workers = [...new Set([subject.client, subject.server])];
    for (const worker of workers) await worker.ask('profile');
    const seen = await subject.measure(load);
    const profiled = await Promise.all(workers.map((worker) => worker.ask('profiled')));
    const [client, server = client] = profiled as [CpuProfile, CpuProfile?];
    const [rate, seenRate] = [plain, seen].map((it) => Math.round(it.callsPerSecond));
    session.say(`profile     ${oslo.url ?? 'RabbitMQ'}  ${rate} calls/s, ${seenRate} under the profiler`);
    return {
      client: figuresOf(client, plain.clientCpuMicros, seen.clientCpuMicros),
      server: figuresOf(server, plain.serverCpuMicros, seen.serverCpuMicros),
    };
  });
}

/** @param cpuMicros CPU of a call without the profiler, which is divided among the functions */
function figuresOf(profile: CpuProfile, cpuMicros: number, profiledCpuMicros: number) {
  const frames = framesOf(profile, cpuMicros);
  return { cpuMicros, profiledCpuMicros, ...summarize(frames), blocks: blocksOf(frames).map(blockToText) };
}

export function documents({ subjects }: ProfileResult): Record<string, Block[]> {
  const row = (label: string, read: (it: ProfileFigures) => number) => [
    label,
    ...PROFILE_SUBJECTS.map((name) => text(read(subjects[name]), 1)),
  ];
  const spent = GROUP_NAMES.filter((group) => PROFILE_SUBJECTS.some((name) => subjects[name].groups[group] >= 0.05));
  const groups = {
    head: ['µs of CPU of a call', ...Object.values(TITLES)],
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
      'µs of a call': ({ micros }) => text(micros, 2),
    }),
  );
  return { profile: [groups], heaviest };
}
