import { fixed } from '../statistics.js';
import { textTable } from '../text-table.js';
import { GROUP_NAMES, GROUPS, type Group } from './groups.js';
import type { ProfileResult, ProfileSubject } from './part.js';

export const PROFILE_TITLES: Record<ProfileSubject, string> = {
  client: 'client',
  server: 'server',
  memory: 'memory://, both',
};

export const PROFILE_SUBJECTS = Object.keys(PROFILE_TITLES) as ProfileSubject[];

/** Those in which any time was spent. */
export function groupsOf({ subjects }: ProfileResult): Group[] {
  return GROUP_NAMES.filter((group) => PROFILE_SUBJECTS.some((name) => subjects[name].groups[group] >= 0.05));
}

export function profileText(result: ProfileResult): string {
  const { inFlight, subjects } = result;
  const figures = PROFILE_SUBJECTS.map((name) => subjects[name]);
  const row = (label: string, values: readonly number[]) => [label, ...values.map((value) => fixed(value, 1))];
  const groups = textTable([
    ['', ...PROFILE_SUBJECTS.map((name) => PROFILE_TITLES[name])],
    ...groupsOf(result).map((group) =>
      row(
        GROUPS[group],
        figures.map((it) => it.groups[group]),
      ),
    ),
    row(
      'in all',
      figures.map((it) => it.cpuMicros),
    ),
    row(
      'in all, under the profiler',
      figures.map((it) => it.profiledCpuMicros),
    ),
  ]);
  const heaviest = PROFILE_SUBJECTS.map((name) => {
    const rows = subjects[name].heaviest.map(({ name, at, micros }) => [fixed(micros, 2), name, at]);
    return `  ${PROFILE_TITLES[name]}\n\n${textTable(rows)}`;
  });
  return [`Where the CPU of a call goes, µs, ${inFlight} in flight`, groups, ...heaviest].join('\n\n');
}
