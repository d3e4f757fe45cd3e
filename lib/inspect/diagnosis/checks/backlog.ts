import { counted } from '../../../internal.js';
import type { Depth } from '../../queue-depths.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Scene, SeenQueue } from '../scene.js';

/** Time in milliseconds between the two looks at a queue. */
const INTERVAL_MS = 1000;
/** Maximum number of queues that are looked at twice, the longest first. */
const MAX_QUEUES = 20;
/** Messages that wait, and do not get fewer, although there are consumers: fewer may be chance. */
const MIN_STANDING = 10;

/** Looks twice at queues in which messages wait although they have consumers. */
export const backlogCheck: Check = {
  name: 'backlog',
  needs: 'broker',
  async run(scene) {
    const names = await candidates(scene);
    const first = await depthsOf(scene, names);
    const waiting = [...first].filter(([, { ready, consumers }]) => ready > 0 && consumers > 0);
    if (waiting.length === 0) return [];
    await scene.deadline.pause(INTERVAL_MS);
    const second = await depthsOf(
      scene,
      waiting.map(([name]) => name),
    );
    return waiting.flatMap(([name, before]) => findingsOf(name, before, second.get(name) ?? before));
  },
};

async function candidates(scene: Scene): Promise<string[]> {
  const known = await scene.topicQueues().catch((): SeenQueue[] => []);
  const byLength = known.filter(({ ready }) => ready > 0).sort((one, other) => other.ready - one.ready);
  const named = scene.targets.flatMap(({ topic, server }) => [
    ...(topic ? [topic] : []),
    ...(topic && server ? [`${topic}.${server}`] : []),
  ]);
  return [...new Set([...named, ...byLength.map(({ name }) => name)])].slice(0, MAX_QUEUES);
}

function findingsOf(name: string, before: Depth, after: Depth): Finding[] {
  const grown = after.ready - before.ready;
  if (grown < 0 || (grown === 0 && after.ready < MIN_STANDING)) return [];
  const trend = grown > 0 ? `${grown} more than ${INTERVAL_MS / 1000} s before` : 'and they do not get fewer';
  return [
    {
      kind: 'queue',
      name,
      state: 'piling up',
      text: `${counted(after.ready, 'message waits', 'messages wait')}, ${trend}, with ${counted(after.consumers, 'consumer')}`,
      why: 'Each request waits for all before it: calls end with MessagingTimeout',
      cure: 'Add servers, raise concurrency, or have callers send less; look for slow handlers in oslo-rpc describe',
    },
  ];
}

async function depthsOf(scene: Scene, names: readonly string[]): Promise<Map<string, Depth>> {
  const depths = await Promise.all(
    names.map(async (name) => [name, await scene.depthOf(name).catch(() => undefined)] as const),
  );
  return new Map(depths.flatMap(([name, depth]) => (depth ? [[name, depth]] : [])));
}
