import {
  type Discovery,
  discoverStats,
  getRpcTransport,
  type QueueStatus,
  type ServerStats,
  Target,
  type Transport,
} from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Scene } from '../scene.js';

/** Time in milliseconds for the servers of a topic to answer. */
const ANSWER_MS = 2000;
/** Time in milliseconds between two questions. */
const INTERVAL_MS = 1000;
/** Unacknowledged messages of a queue that completes nothing, for consumers without a prefetch limit. */
const MIN_HELD = 10;
/** Maximum number of topics whose servers are asked. */
const MAX_TOPICS = 20;

const WHY = 'New requests wait for a free slot: calls end with MessagingTimeout';
const CURE =
  'Read the log of the server for what its handlers wait for; give their own calls timeouts, raise concurrency, or restart it';

/** Looks for servers that hold requests and complete none, in the queues and by asking the servers. */
export const slowServerCheck: Check = {
  name: 'slow servers',
  needs: 'broker',
  async run(scene) {
    const [held, busy] = await Promise.all([heldQueues(scene), busyServers(scene)]);
    // A server that answers says more than its queue.
    const named = new Set(busy.filter(({ kind }) => kind === 'server').map(({ name }) => name));
    return [...busy, ...held.filter(({ name }) => !named.has(name))];
  },
};

async function heldQueues(scene: Scene): Promise<Finding[]> {
  const queues = await scene.topicQueues();
  return queues.filter(isHeld).map(({ name, unacknowledged, ready, consumers }) => ({
    kind: 'queue',
    name,
    state: 'slow',
    text: `${unacknowledged} messages are unacknowledged with ${consumers} consumers, ${ready} wait, and none was completed lately`,
    why: WHY,
    cure: CURE,
  }));
}

function isHeld({ consumers, unacknowledged, ready, completeRate }: QueueStatus): boolean {
  if (consumers === 0 || unacknowledged === 0 || (completeRate ?? 0) > 0) return false;
  // Consumers that may hold more would leave none ready.
  return ready > 0 || unacknowledged >= MIN_HELD;
}

async function busyServers(scene: Scene): Promise<Finding[]> {
  const { questions } = scene;
  if (!questions || (await scene.alarm()) !== undefined) return [];
  const targets = (await targetsOf(scene)).filter(questions.mayAsk).slice(0, MAX_TOPICS);
  if (targets.length === 0) return [];
  const transport = getRpcTransport(questions.options);
  try {
    return (await Promise.all(targets.map((target) => busyOf(scene, transport, target)))).flat();
  } finally {
    void transport.cleanup();
  }
}

async function busyOf(scene: Scene, transport: Transport, target: Target): Promise<Finding[]> {
  const { topic = '' } = target;
  const consumers = (await scene.depthOf(topic))?.consumers ?? 0;
  if (consumers === 0) return [];
  // Each server consumes the queue of its topic once.
  const ask = () => discoverStats(transport, target, { timeout: ANSWER_MS / 1000, servers: consumers });
  const first = await ask();
  const full = first.servers.filter(isFull);
  const isSilent = isUnanswered(first);
  if (full.length === 0 && !isSilent) return [];
  await scene.deadline.pause(isSilent ? 0 : INTERVAL_MS);
  const second = await ask();
  if (isSilent && isUnanswered(second)) return [silentTopic(topic, consumers)];
  return full.flatMap((before): Finding[] => {
    const after = second.servers.find(({ server, since }) => server === before.server && since === before.since);
    return after && isFull(after) && completedBy(after) === completedBy(before) ? [slowServer(after)] : [];
  });
}

/** Targets whose servers are asked: by fanout, so that a full queue does not hold up the question. */
async function targetsOf(scene: Scene): Promise<Target[]> {
  if (!scene.isWhole) return scene.targets.map((target) => target.with({ server: undefined }));
  const topics = await scene.topics();
  return topics.map(({ topic, exchange }) => new Target({ topic, exchange }));
}

const isFull = ({ concurrency: { used, limit } }: ServerStats) => used >= limit;

/** Servers that do not know discovery answer, too, while they have a free slot or thread. */
const isUnanswered = ({ servers, others }: Discovery<ServerStats>) => servers.length + others === 0;

const completedBy = ({ methods }: ServerStats) => methods.reduce((sum, { calls }) => sum + calls, 0);

function silentTopic(topic: string, consumers: number): Finding {
  return {
    kind: 'topic',
    name: topic,
    state: 'slow',
    text: `its queue has ${consumers} consumers, but no server has answered within ${ANSWER_MS / 1000} s, twice`,
    why: WHY,
    cure: CURE,
  };
}

function slowServer({ topic, server, concurrency, methods }: ServerStats): Finding {
  const called = methods.filter(({ calls }) => calls > 0).sort((one, other) => longest(other) - longest(one));
  const [slowest] = called;
  const hint = slowest ? `; longest so far: ${slowest.name}, ${longest(slowest).toFixed(1)} s` : '';
  return {
    kind: 'server',
    name: `${topic}.${server}`,
    state: 'slow',
    text: `all of its ${concurrency.limit} slots are taken, and nothing was completed within ${INTERVAL_MS / 1000} s${hint}`,
    why: WHY,
    cure: CURE,
  };
}

const longest = ({ duration }: ServerStats['methods'][number]) => duration?.max ?? 0;
