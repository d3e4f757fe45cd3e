import type { TransportView } from '../../protocol.js';
import { StatusBadge } from './badge.js';
import { ago, count, dateTime, duration, plural } from './format.js';
import { Meter } from './panel.js';

/** Transport with its connections. */
export function TransportCard({ transport }: { readonly transport: TransportView }) {
  const { name, use, url, status, connections, consumers, slots, pending, lastError, blockedSeconds } = transport;
  const detached = consumers.filter(({ attached }) => !attached);
  const counts = Object.entries(transport.counts).filter(([, value]) => value > 0);
  return (
    <div class={`card status-${status}`}>
      <h3>
        {name ?? 'default'} <span class="muted">{use}</span>
        <StatusBadge status={status} />
      </h3>
      <p class="url">{url}</p>
      <dl class="facts">
        {connections.map(({ purpose, state }) => (
          <div key={purpose}>
            <dt>{purpose === 'publishing' ? 'Publishing' : 'Consuming'}</dt>
            <dd>
              <StatusBadge status={state} />
            </dd>
          </div>
        ))}
        <div>
          <dt>Queues</dt>
          <dd>
            {consumers.length - detached.length} of {consumers.length} attached
          </dd>
        </div>
        {slots.limit > 0 && (
          <div>
            <dt>Slots</dt>
            <dd>
              <Meter label="Slots in use" value={slots.used} max={slots.limit} /> {count(slots.used)} of{' '}
              {count(slots.limit)}
              {slots.waiting > 0 && `, ${count(slots.waiting)} waiting`}
            </dd>
          </div>
        )}
        <div>
          <dt>Pending</dt>
          <dd>
            {plural(pending.calls, 'call')}, {plural(pending.publishes, 'unconfirmed message')}
          </dd>
        </div>
        {blockedSeconds > 0 && (
          <div>
            <dt>Blocked</dt>
            <dd>{duration(blockedSeconds * 1000)} in all</dd>
          </div>
        )}
        {lastError && (
          <div>
            <dt>Last error</dt>
            <dd class="wrap" title={dateTime(lastError.at)}>
              {lastError.message} <span class="muted">{ago(lastError.at)}</span>
            </dd>
          </div>
        )}
      </dl>
      {detached.length > 0 && <p class="wrap">Not attached: {detached.map(({ queue }) => queue).join(', ')}</p>}
      {counts.length > 0 && (
        <details>
          <summary>{plural(counts.length, 'counter')} since the start</summary>
          <dl class="facts">
            {counts.map(([counter, value]) => (
              <div key={counter}>
                <dt>{counter}</dt>
                <dd>{count(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}
