import { counted, oneLine, type ServerStats, someOf } from '../../../internal.js';
import type { Finding } from '../finding.js';

/** Maximum number of servers that are named. */
const MAX_NAMED = 3;

/**
 * Returns the finding about the servers of a topic that refuse calls because they are overloaded; none where no server does.
 * Servers without `loadShedding`, in Python, or before release 0.3.0 do not say so.
 */
export function overloadedTopic(topic: string, servers: readonly ServerStats[]): Finding[] {
  const refusing = servers.filter(({ overload }) => overload?.refusing);
  if (refusing.length === 0) return [];
  const names = refusing.map(({ server }) => oneLine(server, 100));
  const calls = refusing.reduce((sum, { overload }) => sum + (overload?.refused ?? 0), 0);
  const who = `${refusing.length} of ${counted(servers.length, 'answering server')}`;
  return [
    {
      kind: 'topic',
      name: topic,
      state: 'overloaded',
      text: `${who} ${refusing.length === 1 ? 'refuses' : 'refuse'} calls now (${someOf(names, MAX_NAMED)}); ${counted(calls, 'call')} refused so far`,
      why: 'More calls arrive than their handlers finish: refused calls end with ServerOverloaded, in Python with a RemoteError',
      cure: 'Add servers; raise concurrency if the handlers only wait for others; have callers send less, and retry with a budget. See docs/explanation/overload.md',
    },
  ];
}
