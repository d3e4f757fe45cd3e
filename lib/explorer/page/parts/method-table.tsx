import { useMemo } from 'preact/hooks';
import type { ApiView, MethodView, TopicView } from '../../protocol.js';
import { signatureOf } from '../form/schema-shape.js';
import { href } from '../state/route.js';
import { Badge } from './badge.js';
import { type Column, DataTable } from './data-table.js';
import { count, duration, methodName } from './format.js';

/** Methods of a topic in one version of a namespace. */
export function MethodTable({ topic, api }: { readonly topic: TopicView; readonly api: ApiView }) {
  const { namespace, version, methods } = api;
  const name = `${namespace === null ? 'Methods' : `Methods of ${namespace}`}, version ${version}`;
  const columns = useMemo(() => columnsOf(topic, api), [topic, api]);
  return (
    <>
      <h3 class="table-title">{name}</h3>
      <DataTable label={`${topic.topic}: ${name}`} columns={columns} rows={methods} rowKey={(method) => method.name} />
    </>
  );
}

function columnsOf(topic: TopicView, { namespace, version }: ApiView): readonly Column<MethodView>[] {
  const fullName = ({ name }: MethodView) => methodName({ namespace, method: name });
  const place = { topic: topic.topic, exchange: topic.exchange, transport: topic.transport, api: version, namespace };
  return [
    { name: 'Method', type: 'prose', cell: Method },
    { name: 'Requests', type: 'number', cell: ({ stats }) => count(stats?.count ?? 0) },
    {
      name: 'Errors',
      type: 'number',
      cell: ({ stats }) => (stats?.errors ? <Badge tone="bad">{count(stats.errors)}</Badge> : '0'),
    },
    { name: 'p50', type: 'number', cell: ({ stats }) => duration(stats?.p50 ?? null) },
    { name: 'p99', type: 'number', cell: ({ stats }) => duration(stats?.p99 ?? null) },
    {
      name: 'Go to',
      type: 'action',
      cell: (method) => (
        <span class="links">
          <a href={href('call', { ...place, method: method.name })} aria-label={`Call ${fullName(method)}`}>
            Call
          </a>
          <a href={href('live', { method: fullName(method) })} aria-label={`Live messages of ${fullName(method)}`}>
            Live
          </a>
        </span>
      ),
    },
  ];
}

function Method({ name, kind, fanout, toServer, since, doc, handler, args }: MethodView) {
  return (
    <>
      <code>
        {name}
        <span class="muted">({signatureOf(args)})</span>
      </code>{' '}
      <Badge tone="plain">{fanout ? 'fanout' : kind === 'either' ? 'call or cast' : kind}</Badge>{' '}
      {toServer && <Badge tone="plain">one server</Badge>}
      <small>
        since {since}
        {handler !== null && ` · ${handler}`}
        {doc !== null && ` · ${doc}`}
      </small>
    </>
  );
}
