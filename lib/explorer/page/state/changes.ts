import type { Snapshot, StatusView } from '../../protocol.js';
import { duration, plural } from '../parts/format.js';
import { problemsOf } from './problems.js';

/** Change of the state that the page has seen. */
export interface Change {
  readonly at: number;
  readonly tone: 'bad' | 'warn' | 'good';
  readonly text: string;
  /** Subject and state, to find the beginning of what ends. */
  readonly key: string;
}

const isServing = (status: StatusView) => status === 'connected' || status === 'degraded';
const nameOf = (transport: Snapshot['transports'][number]) => `${transport.name ?? 'default'} (${transport.use})`;

/** Returns the changes from one snapshot to the next, the newest first. */
export function changesBetween(before: Snapshot | undefined, after: Snapshot, earlier: readonly Change[]): Change[] {
  if (before === undefined) return [];
  return [...transportChanges(before, after, earlier), ...problemChanges(before, after)];
}

function transportChanges(before: Snapshot, after: Snapshot, earlier: readonly Change[]): Change[] {
  return after.transports.flatMap((transport): Change[] => {
    const name = nameOf(transport);
    const old = before.transports.find((other) => nameOf(other) === name);
    if (old === undefined || old.status === transport.status) return [];
    const key = `transport ${name}`;
    const { status } = transport;
    if (!isServing(status))
      return [{ at: after.at, tone: status === 'idle' ? 'warn' : 'bad', key, text: `Transport ${name}: ${status}` }];
    const since = lastGood(earlier, key);
    const last = earlier.findLast((change) => change.key === key && change.tone !== 'good' && change.at >= since);
    const outage = last ? ` after ${duration(after.at - last.at)}` : '';
    return [{ at: after.at, tone: 'good', key, text: `Transport ${name}: ${status} again${outage}` }];
  });
}

/** Returns the time of the latest good change of a subject; 0 without one. */
function lastGood(earlier: readonly Change[], key: string): number {
  return earlier.find((change) => change.key === key && change.tone === 'good')?.at ?? 0;
}

function problemChanges(before: Snapshot, after: Snapshot): Change[] {
  const [old, now] = [problemsOf(before), problemsOf(after)];
  const begun = now.filter(({ key }) => !old.some((problem) => problem.key === key));
  const ended = old.filter(({ key }) => !now.some((problem) => problem.key === key));
  const change = (tone: Change['tone'], key: string, text: string) => ({ at: after.at, tone, key, text });
  const listed = [
    ...begun.map(({ key, severity, title, subject }) =>
      change(severity === 'fault' ? 'bad' : 'warn', key, `${title}: ${subject}`),
    ),
    ...ended.map(({ key, title, subject }) => change('good', key, `Over: ${title}: ${subject}`)),
  ];
  const MAX = 8;
  if (listed.length <= MAX) return listed;
  const rest = listed.length - MAX;
  return [...listed.slice(0, MAX), change('warn', 'more', `and ${plural(rest, 'more change')}`)];
}
