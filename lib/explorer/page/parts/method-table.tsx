import type { ApiView, MethodView, TopicView } from '../../protocol.js';
import { signatureOf } from '../form/schema-shape.js';
import { href } from '../state/route.js';
import { Badge } from './badge.js';
import { count, duration, methodName } from './format.js';
import { useMore } from './more.js';
import { Table } from './panel.js';

/** Methods of a topic in one version of a namespace. */
export function MethodTable({ topic, api }: { readonly topic: TopicView; readonly api: ApiView }) {
  const { namespace, version, methods } = api;
  const { shown, more } = useMore(methods, 50);
  const name = `${namespace === null ? 'Methods' : `Methods of ${namespace}`}, version ${version}`;
  return (
    <>
      <h3 class="table-title">{name}</h3>
      <Table label={name}>
        <thead>
          <tr>
            <th scope="col">Method</th>
            <th scope="col" class="number">
              Requests
            </th>
            <th scope="col" class="number">
              Errors
            </th>
            <th scope="col" class="number">
              p50
            </th>
            <th scope="col" class="number">
              p99
            </th>
            <th scope="col">Go to</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((method) => (
            <MethodRow key={method.name} topic={topic} api={api} method={method} />
          ))}
        </tbody>
      </Table>
      {more}
    </>
  );
}

interface MethodRowProps {
  readonly topic: TopicView;
  readonly api: ApiView;
  readonly method: MethodView;
}

function MethodRow({ topic, api, method }: MethodRowProps) {
  const { name, kind, fanout, toServer, since, stats, doc, handler } = method;
  const full = methodName({ namespace: api.namespace, method: name });
  const errors = stats?.errors ?? 0;
  const place = { topic: topic.topic, exchange: topic.exchange, transport: topic.transport, api: api.version };
  return (
    <tr>
      <th scope="row" class="method-cell">
        <code>
          {name}
          <span class="muted">({signatureOf(method.args)})</span>
        </code>{' '}
        <Badge tone="plain">{fanout ? 'fanout' : kind === 'either' ? 'call or cast' : kind}</Badge>
        {toServer && <Badge tone="plain">one server</Badge>}
        <small>
          since {since}
          {handler !== null && ` · ${handler}`}
          {doc !== null && ` · ${doc}`}
        </small>
      </th>
      <td class="number">{stats === null ? '0' : count(stats.count)}</td>
      <td class="number">{errors > 0 ? <Badge tone="bad">{count(errors)}</Badge> : '0'}</td>
      <td class="number">{duration(stats?.p50 ?? null)}</td>
      <td class="number">{duration(stats?.p99 ?? null)}</td>
      <td class="links">
        <a href={href('call', { ...place, namespace: api.namespace, method: name })} aria-label={`Call ${full}`}>
          Call
        </a>{' '}
        <a href={href('live', { method: full })} aria-label={`Live messages of ${full}`}>
          Live
        </a>
      </td>
    </tr>
  );
}
