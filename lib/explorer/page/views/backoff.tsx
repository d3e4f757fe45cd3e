import type { TimeoutView, TransportView } from '../../protocol.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { count, duration, plural } from '../parts/format.js';
import { Empty, Figure, Meter, Panel } from '../parts/panel.js';
import { useStore } from '../state/store.js';

const COLUMNS: readonly Column<TimeoutView>[] = [
  {
    name: 'Method',
    cell: ({ method, transport }) => (
      <>
        <code>{method}</code>
        {transport !== null && <small>{transport}</small>}
      </>
    ),
  },
  {
    name: 'Level',
    cell: ({ level, first, max }) => {
      const levels = Math.max(level, Math.ceil(Math.log2(max / Math.max(1, first))));
      return (
        <>
          <Meter label="Back-off level" value={level} max={levels} tone={level >= levels ? 'bad' : 'warn'} /> {level} of{' '}
          {levels}
        </>
      );
    },
  },
  { name: 'Timeout now', type: 'number', cell: ({ timeout }) => duration(timeout) },
  { name: 'At first', type: 'number', cell: ({ first }) => duration(first) },
  { name: 'At most', type: 'number', cell: ({ max }) => duration(max) },
];

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
          <DataTable
            label="Timeouts"
            columns={COLUMNS}
            rows={timeouts}
            rowKey={({ transport, method }) => JSON.stringify([transport, method])}
          />
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

function Slots({ transport }: { readonly transport: TransportView }) {
  const { name, use, slots, pending } = transport;
  return (
    <div class="card">
      <h3>
        {name ?? 'default'} <span class="muted">{use}</span>
      </h3>
      {slots.limit > 0 && <Meter label="Slots in use" value={slots.used} max={slots.limit} />}
      <dl class="figures">
        {slots.limit > 0 && <Figure name="Slots in use" value={`${count(slots.used)} of ${count(slots.limit)}`} />}
        {slots.limit > 0 && <Figure name="Waiting for a slot" value={count(slots.waiting)} />}
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
