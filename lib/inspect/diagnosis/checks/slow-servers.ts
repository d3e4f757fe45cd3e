import {
  counted,
  type Discovery,
  discoverStats,
  PRIORITIES,
  type ServerStats,
  Target,
  type Transport,
  toError,
} from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Scene, SeenQueue } from '../scene.js';
import { overloadedTopic } from './overloaded-topic.js';

/** Time in milliseconds for the servers of a topic to answer. */
const ANSWER_MS = 2000;
/** Time in milliseconds between two questions. */
const INTERVAL_MS = 1000;
/** Unacknowledged messages of a queue that completes nothing, for consumers without a prefetch limit. */
const MIN_HELD = 10;
/** Maximum number of topics whose servers are asked. */
const MAX_TOPICS = 20;

/** Queues of notifications, which servers of RPC do not consume. */
const NOTIFICATIONS = new RegExp(`\\.(${PRIORITIES.join('|')})$`);

const WHY = 'New requests wait for a free slot: calls end with MessagingTimeout';
const CURE =
  'Read the log of the server for what its handlers wait for; give their own calls timeouts, raise concurrency, or restart it';

/** Looks for servers that hold requests and complete none, in the queues and by asking the servers, and for those that refuse calls. */
export const slowServerCheck: Check = {
  name: 'slow servers',
  needs: 'broker',
  async run(scene) {
    const [held, busy] = await Promise.all([heldQueues(scene).catch(toError), busyServers(scene)]);
    if (held instanceof Error) {
      // A failure of the management API must not hide what servers say.
      if (busy.length === 0) throw held;
      return busy;
    }
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
    text: `${counted(unacknowledged, 'message is', 'messages are')} unacknowledged with ${counted(consumers, 'consumer')}, ${ready} wait, and none was completed lately`,
    why: WHY,
    cure: CURE,
  }));
}

function isHeld({ consumers, unacknowledged, ready, completeRate }: SeenQueue): boolean {
  if (consumers === 0 || unacknowledged === 0 || (completeRate ?? 0) > 0) return false;
  // Consumers that may hold more would leave none ready.
  return ready > 0 || unacknowledged >= MIN_HELD;
}

async function busyServers(scene: Scene): Promise<Finding[]> {
  const { questions, asking } = scene;
  if (!questions || !asking || (await scene.alarm()) !== undefined) return [];
  const asked = questions.always ? await targetsOf(scene) : await suspects(scene);
  const targets = asked.filter(questions.mayAsk).slice(0, MAX_TOPICS);
  if (targets.length === 0) return [];
  const transport = asking.open();
  return (await Promise.all(targets.map((target) => busyOf(scene, transport, target)))).flat();
}

async function busyOf(scene: Scene, transport: Transport, target: Target): Promise<Finding[]> {
  const { topic = '' } = target;
  const consumers = (await scene.depthOf(topic))?.consumers ?? 0;
  if (consumers === 0) return [];
  // Each server consumes the queue of its topic once.
  const ask = () => discoverStats(transport, target, { timeout: ANSWER_MS / 1000, servers: consumers });
  const first = await ask();
  const overloaded = overloadedTopic(topic, first.servers);
  const full = first.servers.filter(isFull);
  const isSilent = isUnanswered(first);
  if (full.length === 0 && !isSilent) return overloaded;
  await scene.deadline.pause(isSilent ? 0 : INTERVAL_MS);
  const second = await ask();
  if (isSilent && isUnanswered(second)) return [silentTopic(topic, consumers)];
  const slow = full.flatMap((before): Finding[] => {
    const after = second.servers.find(({ server, since }) => server === before.server && since === before.since);
    return after && isFull(after) && completedBy(after) === completedBy(before) ? [slowServer(after)] : [];
  });
  return [...overloaded, ...slow];
}

/** Targets whose servers are asked: by fanout, so that a full queue does not hold up the question. */
async function targetsOf(scene: Scene): Promise<Target[]> {
  if (!scene.isWhole) return scene.targets.map((target) => target.with({ server: undefined }));
  const topics = await scene.topics();
  return topics.map(({ topic, exchange }) => new Target({ topic, exchange }));
}

/** Targets whose queues show that servers may hold requests: a question to servers in Python ends in their log, as an error. */
async function suspects(scene: Scene): Promise<Target[]> {
  const [targets, queues] = await Promise.all([targetsOf(scene), scene.topicQueues().catch((): SeenQueue[] => [])]);
  const holding = queues.filter(({ unacknowledged, completeRate }) => unacknowledged > 0 && !completeRate);
  const names = new Map(targets.map((target) => [target, queuesOf(scene, target, queues)]));
  const before = await scene.depths.all([...names.values()].flat());
  const isWaiting = [...before.values()].some((depth) => depth && depth.ready > 0);
  if (isWaiting) await scene.deadline.pause(INTERVAL_MS);
  const after = isWaiting ? await scene.depths.all([...names.values()].flat()) : before;
  const stands = (name: string) => {
    const [first, second] = [before.get(name)?.ready ?? 0, after.get(name)?.ready ?? 0];
    return first > 0 && second >= first;
  };
  return targets.filter((target) => {
    const own = names.get(target) ?? [];
    return own.some(stands) || holding.some(({ name }) => own.includes(name));
  });
}

/** Returns the names of the queues of a topic and its servers. */
function queuesOf({ targets }: Scene, { topic = '' }: Target, queues: readonly SeenQueue[]): string[] {
  const asked = targets.filter((one) => one.topic === topic && one.server !== undefined);
  const known = queues.filter(({ name }) => name.startsWith(`${topic}.`) && !NOTIFICATIONS.test(name));
  return [...new Set([topic, ...asked.map(({ server }) => `${topic}.${server}`), ...known.map(({ name }) => name)])];
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
    text: `its queue has ${counted(consumers, 'consumer')}, but no server has answered within ${ANSWER_MS / 1000} s, twice`,
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
    text: `${concurrency.limit === 1 ? 'its only slot is' : `all of its ${concurrency.limit} slots are`} taken, and nothing was completed within ${INTERVAL_MS / 1000} s${hint}`,
    why: WHY,
    cure: CURE,
  };
}

const longest = ({ duration }: ServerStats['methods'][number]) => duration?.max ?? 0;
