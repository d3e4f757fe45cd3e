import { useMemo } from 'preact/hooks';
import type { FindingView, Snapshot } from '../../protocol.js';
import { Badge, type Tone } from '../parts/badge.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { ago, clock, dateTime, plural } from '../parts/format.js';
import { Icon } from '../parts/icon.js';
import { Empty, Panel } from '../parts/panel.js';
import { ProblemList } from '../parts/problem-list.js';
import { TrafficPanel } from '../parts/traffic-panel.js';
import { TransportCard } from '../parts/transport-card.js';
import { problemsOf } from '../state/problems.js';
import { useStore } from '../state/store.js';

/** First view: what is wrong, then the traffic and the transports. */
export function OverviewView() {
  const { snapshot, changes, ticks } = useStore();
  const problems = useMemo(() => (snapshot ? problemsOf(snapshot) : []), [snapshot]);
  if (!snapshot) return <Empty title="Waiting for the explorer">The state is read as soon as it answers.</Empty>;
  return (
    <>
      {problems.length > 0 ? <ProblemList problems={problems} /> : <AllGood snapshot={snapshot} />}
      {snapshot.notices.map((notice) => (
        <p class="notice" key={notice}>
          {notice}
        </p>
      ))}
      <TrafficPanel ticks={ticks} />
      <Panel title="Transports">
        {snapshot.transports.length === 0 ? (
          <Empty title="No transport is in use">They appear with the first server, call or notification.</Empty>
        ) : (
          <div class="cards">
            {snapshot.transports.map((transport) => (
              <TransportCard key={`${transport.name} ${transport.use}`} transport={transport} />
            ))}
          </div>
        )}
      </Panel>
      <Panel title="What changed">
        {changes.length === 0 ? (
          <Empty title="Nothing changed since this page was opened">
            Lost connections, new faults and their ends are listed here, with their times.
          </Empty>
        ) : (
          <ol class="changes">
            {changes.map((change) => (
              <li key={`${change.at} ${change.key} ${change.tone}`}>
                <time>{clock(change.at)}</time>
                <Badge tone={change.tone}>
                  {change.tone === 'good' ? 'over' : change.tone === 'warn' ? 'new' : 'fault'}
                </Badge>
                <span class="wrap">{change.text}</span>
              </li>
            ))}
          </ol>
        )}
      </Panel>
      <Examined snapshot={snapshot} />
    </>
  );
}

function AllGood({ snapshot }: { readonly snapshot: Snapshot }) {
  const examined = snapshot.findings.filter(({ severity }) => severity === 'ok').length;
  const text =
    snapshot.findings.length === 0 ? 'There was nothing to examine' : `${plural(examined, 'thing')} examined`;
  const unseen = snapshot.findings.filter(({ severity }) => severity === 'unseen').length;
  return (
    <div class="all-good">
      <Icon name="good" />
      <p>
        <strong>No faults found.</strong>{' '}
        {snapshot.findingsAt === null
          ? 'The broker has not been examined yet.'
          : `${text} ${ago(snapshot.findingsAt)}${unseen > 0 ? `; ${unseen} could not be` : ''}.`}
      </p>
    </div>
  );
}

const TONES: Readonly<Record<FindingView['severity'], Tone>> = {
  fault: 'bad',
  warning: 'warn',
  ok: 'good',
  unseen: 'plain',
};

const COLUMNS: readonly Column<FindingView>[] = [
  {
    name: 'Subject',
    cell: ({ kind, name }) => (
      <>
        {kind} <code>{name}</code>
      </>
    ),
  },
  { name: 'State', cell: ({ severity, state }) => <Badge tone={TONES[severity]}>{state}</Badge> },
  { name: 'Finding', type: 'prose', cell: ({ text }) => text },
];

/** Everything that was examined. */
function Examined({ snapshot: { findings, findingsAt } }: { readonly snapshot: Snapshot }) {
  if (findings.length === 0) return null;
  return (
    <details class="panel examined">
      <summary>
        All {plural(findings.length, 'finding')} of the examination
        {findingsAt !== null && <span class="muted"> at {dateTime(findingsAt)}</span>}
      </summary>
      <DataTable
        label="Findings"
        columns={COLUMNS}
        rows={findings}
        rowKey={({ state, kind, name, text }) => JSON.stringify([state, kind, name, text])}
      />
    </details>
  );
}
