import type { UnknownMethod } from '../../protocol.js';
import { Badge } from '../parts/badge.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { ago, count, dateTime, methodName } from '../parts/format.js';
import { Empty, Panel } from '../parts/panel.js';
import { useStore } from '../state/store.js';

const CURES: Readonly<Record<string, string>> = {
  NoSuchMethod:
    'Misspelled, not exposed, or sent to the topic of another service. Compare it with the methods below Topics.',
  UnsupportedVersion: 'The caller is newer than this server. Upgrade the server first, or cap the caller: versionCap.',
};

const COLUMNS: readonly Column<UnknownMethod>[] = [
  {
    name: 'Method',
    cell: (unknown) => (
      <>
        <code>{methodName(unknown)}</code>
        <small>
          {unknown.exchange}/{unknown.topic}
          {unknown.version === null ? '' : `, version ${unknown.version}`}
        </small>
      </>
    ),
  },
  { name: 'Error', cell: ({ error }) => <Badge tone="bad">{error}</Badge> },
  { name: 'Requests', type: 'number', cell: ({ count: requests }) => count(requests) },
  { name: 'Latest', cell: ({ at }) => ago(at), title: ({ at }) => dateTime(at) },
  {
    name: 'Cure',
    type: 'prose',
    cell: ({ error }) => (Object.hasOwn(CURES, error) ? CURES[error] : 'Read the log of the server.'),
  },
];

/** Requests that no endpoint answers. */
export function UnknownView() {
  const { snapshot } = useStore();
  const unknown = snapshot?.unknownMethods ?? [];
  if (unknown.length === 0)
    return (
      <Empty title="Every request found its method">
        Requests for methods or versions that no endpoint has would be listed here, with their callers’ error.
      </Empty>
    );
  return (
    <Panel title="Requests without a method">
      <DataTable
        label="Unknown methods"
        columns={COLUMNS}
        rows={unknown}
        rowKey={(one) => JSON.stringify([one.exchange, one.topic, one.namespace, one.version, one.method, one.error])}
      />
    </Panel>
  );
}
