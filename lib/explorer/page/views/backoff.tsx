import type { TimeoutView, TransportView } from '../../protocol.js';
import { count, duration, plural } from '../parts/format.js';
import { Empty, Figure, Meter, Panel, Table } from '../parts/panel.js';
import { useStore } from '../state/store.js';

/** Back-off levels of methods, and slots of transports. */
export function BackoffView() {
  const { snapshot } = useStore();
  const { timeouts = [], transports = [] } = snapshot ?? {};
  return (
    <>
      <Panel title="Timeouts grown by back-off">
        {timeouts.length === 0 ? (
          <Empty title="No timeout has grown">
            The timeout of a method doubles each time that a call of it times out, up to{' '}
            <code>rpcResponseMaxTimeout</code>.
          </Empty>
        ) : (
          <Table label="Timeouts">
            <thead>
              <tr>
                <th scope="col">Method</th>
                <th scope="col">Level</th>
                <th scope="col" class="number">
                  Timeout now
                </th>
                <th scope="col" class="number">
                  At first
                </th>
                <th scope="col" class="number">
                  At most
                </th>
              </tr>
            </thead>
            <tbody>
              {timeouts.map((timeout) => (
                <TimeoutRow key={`${timeout.transport} ${timeout.method}`} view={timeout} />
              ))}
            </tbody>
          </Table>
        )}
      </Panel>
      <Panel title="Slots and waiting work">
        {transports.length === 0 ? (
          <Empty title="No transport is in use">They appear with the first server, call or notification.</Empty>
        ) : (
          <div class="cards">
            {transports.map((transport) => (
              <Slots key={`${transport.name} ${transport.use}`} transport={transport} />
            ))}
          </div>
        )}
      </Panel>
    </>
  );
}

function TimeoutRow({ view }: { readonly view: TimeoutView }) {
  const { method, transport, level, timeout, first, max } = view;
  const levels = Math.max(1, Math.ceil(Math.log2(max / Math.max(1, first))));
  return (
    <tr>
      <th scope="row">
        <code>{method}</code>
        {transport !== null && <small>{transport}</small>}
      </th>
      <td>
        <Meter label="Back-off level" value={level} max={levels} /> {level}
      </td>
      <td class="number">{duration(timeout)}</td>
      <td class="number">{duration(first)}</td>
      <td class="number">{duration(max)}</td>
    </tr>
  );
}

function Slots({ transport }: { readonly transport: TransportView }) {
  const { name, use, slots, pending } = transport;
  return (
    <div class="card">
      <h3>
        {name ?? 'default'} <span class="muted">{use}</span>
      </h3>
      {slots.limit > 0 && <Meter label="Slots in use" value={slots.used} max={slots.limit} />}
      <dl class="figures">
        <Figure name="Slots in use" value={`${count(slots.used)} of ${count(slots.limit)}`} />
        <Figure name="Waiting for a slot" value={count(slots.waiting)} />
        <Figure name="Pending calls" value={count(pending.calls)} />
        <Figure name="Unconfirmed" value={count(pending.publishes)} note={` ${bytes(pending.publishBytes)}`} />
      </dl>
      {slots.waiting > 0 && (
        <p class="note">{plural(slots.waiting, 'request')} wait: handlers are slower than requests arrive.</p>
      )}
    </div>
  );
}

function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  return size < 1_048_576 ? `${count(size / 1024)} KiB` : `${(size / 1_048_576).toFixed(1)} MiB`;
}
