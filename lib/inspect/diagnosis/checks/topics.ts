import { counted, type QueueStatus, type RpcTopic } from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';

/** Maximum number of topics in a summary. */
const MAX_TOPICS = 500;
/** Queues that have no consumer by design, or none of a server's. */
const WITHOUT_CONSUMER = /^reply_|_fanout(_|$)|\.dead$/;

/** Summarizes each topic of a virtual host, and names its queues that nobody consumes. */
export const topicsCheck: Check = {
  name: 'topics',
  needs: 'management',
  async run(scene) {
    if (!scene.isWhole) return [];
    const [topics, queues] = await Promise.all([scene.topics(), scene.queues()]);
    const byName = new Map(queues.map((queue) => [queue.name, queue]));
    const summaries = topics.slice(0, MAX_TOPICS).map((topic) => summaryOf(topic, byName));
    return [...summaries, ...queues.filter(isForgotten).map(forgotten)];
  },
};

function summaryOf({ topic, exchange, servers }: RpcTopic, queues: ReadonlyMap<string, QueueStatus>): Finding {
  const names = [topic, ...servers.map(({ server }) => `${topic}.${server}`)];
  const found = names.flatMap((name) => queues.get(name) ?? []);
  const sum = (count: (queue: QueueStatus) => number) => found.reduce((total, queue) => total + count(queue), 0);
  const running = servers.filter(({ isRunning }) => isRunning).map(({ server }) => server);
  const stopped = servers.length - running.length;
  const counts = `${sum(({ ready }) => ready)} ready, ${sum(({ unacknowledged }) => unacknowledged)} unacknowledged`;
  const names_ = running.length > 0 ? ` (${running.slice(0, 10).join(', ')}${running.length > 10 ? ', …' : ''})` : '';
  const text = `exchange ${exchange}, ${counted(running.length, 'server')}${names_}${stopped > 0 ? `, ${stopped} stopped` : ''}, ${counts}`;
  if ((queues.get(topic)?.consumers ?? 0) > 0) return { kind: 'topic', name: topic, state: 'as asked', text };
  return {
    kind: 'topic',
    name: topic,
    state: 'unserved',
    text,
    why: 'Requests wait: calls end with MessagingTimeout',
    cure: 'Start a server, or read the log of the running one for the reason',
  };
}

function isForgotten({ name, consumers, ready }: QueueStatus): boolean {
  return consumers === 0 && ready > 0 && !WITHOUT_CONSUMER.test(name);
}

function forgotten({ name, ready }: QueueStatus): Finding {
  return {
    kind: 'queue',
    name,
    state: 'unserved',
    text: `${counted(ready, 'message waits', 'messages wait')}, and nobody consumes`,
    why: 'Nothing happens to them, and the queue grows',
    cure: 'Start its server or listener, or delete the queue when nobody needs it: rabbitmqctl delete_queue NAME',
  };
}
