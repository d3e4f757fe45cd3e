import { counted, type RpcTopic, shellWord } from '../../../internal.js';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { NO_TOPIC, type SeenQueue } from '../scene.js';

/** Maximum number of topics in a summary. */
const MAX_TOPICS = 500;

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

function summaryOf({ topic, exchange, servers }: RpcTopic, queues: ReadonlyMap<string, SeenQueue>): Finding {
  const names = [topic, ...servers.map(({ server }) => `${topic}.${server}`)];
  const found = names.flatMap((name) => queues.get(name) ?? []);
  const sum = (count: (queue: SeenQueue) => number) => found.reduce((total, queue) => total + count(queue), 0);
  const running = servers.filter(({ isRunning }) => isRunning).map(({ server }) => server);
  const stopped = servers.length - running.length;
  const counts = `${sum(({ ready }) => ready)} ready, ${sum(({ unacknowledged }) => unacknowledged)} unacknowledged`;
  const names_ = running.length > 0 ? ` (${running.slice(0, 10).join(', ')}${running.length > 10 ? ', …' : ''})` : '';
  const text = `exchange ${exchange}, ${counted(running.length, 'server')}${names_}${stopped > 0 ? `, ${stopped} stopped` : ''}, ${counts}`;
  const own = queues.get(topic);
  if (own && own.consumers > 0) return { kind: 'topic', name: topic, state: 'as asked', text };
  // A server that has just started may be between its queues.
  if (own && running.length > 0 && !own.isExact) return { kind: 'topic', name: topic, state: 'as asked', text };
  return {
    kind: 'topic',
    name: topic,
    state: 'unserved',
    text: running.length > 0 ? `${text}; nobody consumes the queue ${topic} itself` : text,
    why: 'Requests wait: calls end with MessagingTimeout',
    cure: 'Start a server, or read the log of the running one for the reason',
  };
}

function isForgotten({ name, consumers, ready, isExact }: SeenQueue): boolean {
  // Reported numbers may be those from before its consumer.
  return isExact && consumers === 0 && ready > 0 && !NO_TOPIC.test(name);
}

function forgotten({ name, ready }: SeenQueue): Finding {
  return {
    kind: 'queue',
    name,
    state: 'unserved',
    text: `${counted(ready, 'message waits', 'messages wait')}, and nobody consumes`,
    why: 'Nothing happens to them, and the queue grows',
    cure: `Start its server or listener, or delete the queue when nobody needs its messages: rabbitmqctl delete_queue ${shellWord(name)} --if-unused`,
  };
}
