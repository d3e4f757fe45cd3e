import type { QueueReplicas } from './management-api.js';

/** Returns why a quorum queue takes nothing; undefined where it has a leader and the majority of its members is online. */
export function whyUnavailable({ leader, members, online }: QueueReplicas): string | undefined {
  const missing = members.filter((member) => !online.includes(member));
  const faults = [
    ...(online.length * 2 > members.length ? [] : ['no majority']),
    ...(leader && online.includes(leader) ? [] : ['no leader']),
  ];
  if (faults.length === 0) return undefined;
  const remedy = missing.length === 0 ? '' : `; start the nodes of its other members: ${missing.join(', ')}`;
  return `it has ${faults.join(' and ')}, and takes nothing${remedy}`;
}

/** Returns the numbers of members as text about the queue; an empty text where all are online. */
export function membersOnline({ members, online }: QueueReplicas): string {
  return online.length === members.length ? '' : `, ${online.length} of ${members.length} members online`;
}
