import type { QueueReplicas } from './management-api.js';
import type { Trouble } from './trouble.js';

const ALL_ONLINE = 'Its nodes elect a leader by themselves; rabbitmq-queues quorum_status QUEUE shows how far they are';

/** Returns why a quorum queue takes nothing; undefined where it has a leader and the majority of its members is online. */
export function whyUnavailable({ leader, members, online }: QueueReplicas): Required<Trouble> | undefined {
  const missing = members.filter((member) => !online.includes(member));
  const faults = [
    ...(online.length * 2 > members.length ? [] : ['no majority']),
    ...(leader && online.includes(leader) ? [] : ['no leader']),
  ];
  if (faults.length === 0) return undefined;
  const cure = missing.length === 0 ? ALL_ONLINE : `Start the nodes of its other members: ${missing.join(', ')}`;
  return { fault: `it has ${faults.join(' and ')}, and takes nothing`, cure };
}

/** Returns the numbers of members as text about the queue; an empty text where all are online. */
export function membersOnline({ members, online }: QueueReplicas): string {
  return online.length === members.length ? '' : `, ${online.length} of ${members.length} members online`;
}
