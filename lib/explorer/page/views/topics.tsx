import type { TopicView } from '../../protocol.js';
import { Badge } from '../parts/badge.js';
import { Search, Toolbar } from '../parts/filters.js';
import { count, plural } from '../parts/format.js';
import { MethodTable } from '../parts/method-table.js';
import { useMore } from '../parts/more.js';
import { Empty } from '../parts/panel.js';
import { ServerTable } from '../parts/server-table.js';
import { TopicQueues } from '../parts/topic-queues.js';
import { href, useRoute } from '../state/route.js';
import { useStore } from '../state/store.js';

/** Topics with their servers, methods and queues. */
export function TopicsView() {
  const { snapshot } = useStore();
  const { query } = useRoute();
  const text = (query.get('text') ?? '').toLowerCase();
  const topics = snapshot?.topics ?? [];
  const found = topics.flatMap((topic) => matching(topic, text) ?? []);
  const { shown, more } = useMore(found, 25);
  if (topics.length === 0)
    return (
      <Empty title="No topic is known yet">
        {snapshot?.source === 'broker'
          ? 'Name topics with --topic, or give --management-url, so that all topics of the virtual host are found.'
          : 'Topics appear when an endpoint of this application listens, or when it makes a call.'}
      </Empty>
    );
  return (
    <>
      <Toolbar label="Filters">
        <Search name="text" label="Search topics, servers and methods" value={query.get('text') ?? ''} />
        <span class="note">
          {plural(found.length, 'topic')}
          {found.length < topics.length && ` of ${count(topics.length)}`}
        </span>
      </Toolbar>
      {found.length === 0 && (
        <Empty title="Nothing fits the search">
          <a href={href('topics')}>Show all topics</a>
        </Empty>
      )}
      {shown.map((topic) => (
        <Topic
          key={JSON.stringify([topic.transport, topic.exchange, topic.topic])}
          topic={topic}
          isOpen={found.length <= 3 || text !== ''}
        />
      ))}
      {more}
    </>
  );
}

/** Returns the topic with the methods that fit the text; undefined where nothing of it fits. */
function matching(topic: TopicView, text: string): TopicView | undefined {
  const fits = (...names: (string | null)[]) => names.some((name) => name?.toLowerCase().includes(text));
  if (text === '' || fits(topic.topic, topic.exchange, ...topic.servers.map(({ name }) => name))) return topic;
  const apis = topic.apis
    .map((api) => ({ ...api, methods: api.methods.filter(({ name, doc }) => fits(name, doc, api.namespace)) }))
    .filter(({ methods }) => methods.length > 0);
  return apis.length > 0 ? { ...topic, apis } : undefined;
}

function Topic({ topic, isOpen }: { readonly topic: TopicView; readonly isOpen: boolean }) {
  const methods = topic.apis.reduce((sum, api) => sum + api.methods.length, 0);
  const serving = topic.servers.filter(({ state }) => state === 'serving').length;
  const ready = topic.queues.reduce((sum, queue) => sum + (queue.ready ?? 0), 0);
  const unserved = topic.queues.some(({ consumers }) => consumers === 0);
  return (
    <details class="panel topic" open={isOpen}>
      <summary>
        <h2>{topic.topic}</h2>
        <span class="muted">exchange {topic.exchange === '' ? '(default)' : topic.exchange}</span>
        {topic.own && <Badge tone="info">served here</Badge>}
        {topic.transport !== null && <Badge tone="plain">{topic.transport}</Badge>}
        {unserved && <Badge tone="bad">no consumer</Badge>}
        <span class="spring" />
        <span class="muted">
          {serving > 0 ? plural(serving, 'server') : 'no server known'}
          {topic.others > 0 && `, ${plural(topic.others, 'other')}`} · {plural(methods, 'method')}
          {ready > 0 && ` · ${plural(ready, 'message')} waiting`}
        </span>
      </summary>
      <ServerTable topic={topic.topic} servers={topic.servers} others={topic.others} />
      <TopicQueues topic={topic.topic} queues={topic.queues} />
      {topic.apis.length === 0 ? (
        <Empty title="No method is known">
          Its servers do not answer discovery, as Python’s. A contract, or <code>rpcDiscoveryEnabled</code> on its
          servers, names the methods.
        </Empty>
      ) : (
        topic.apis.map((api) => <MethodTable key={`${api.namespace} ${api.version}`} topic={topic} api={api} />)
      )}
    </details>
  );
}
