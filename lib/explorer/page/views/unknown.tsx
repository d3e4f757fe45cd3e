import type { UnknownMethod } from '../../protocol.js';
import { Badge } from '../parts/badge.js';
import { ago, count, dateTime, methodName } from '../parts/format.js';
import { useMore } from '../parts/more.js';
import { Empty, Panel, Table } from '../parts/panel.js';
import { useStore } from '../state/store.js';

const CURES: Readonly<Record<string, string>> = {
  NoSuchMethod:
    'Misspelled, not exposed, or sent to the topic of another service. Compare it with the methods below Topics.',
  UnsupportedVersion: 'The caller is newer than this server. Upgrade the server first, or cap the caller: versionCap.',
};

/** Requests that no endpoint answers. */
export function UnknownView() {
  const { snapshot } = useStore();
  const { shown, more } = useMore(snapshot?.unknownMethods ?? [], 100);
  if (shown.length === 0)
    return (
      <Empty title="Every request found its method">
        Requests for methods or versions that no endpoint has would be listed here, with their callers’ error.
      </Empty>
    );
  return (
    <Panel title="Requests without a method">
      <Table label="Unknown methods">
        <thead>
          <tr>
            <th scope="col">Method</th>
            <th scope="col">Error</th>
            <th scope="col" class="number">
              Requests
            </th>
            <th scope="col">Latest</th>
            <th scope="col">Cure</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <UnknownRow
              key={JSON.stringify([one.exchange, one.topic, one.namespace, one.version, one.method])}
              unknown={one}
            />
          ))}
        </tbody>
      </Table>
      {more}
    </Panel>
  );
}

function UnknownRow({ unknown }: { readonly unknown: UnknownMethod }) {
  const { exchange, topic, version, error, count: requests, at } = unknown;
  return (
    <tr>
      <th scope="row">
        <code>{methodName(unknown)}</code>
        <small>
          {exchange}/{topic}
          {version === null ? '' : `, version ${version}`}
        </small>
      </th>
      <td>
        <Badge tone="bad">{error}</Badge>
      </td>
      <td class="number">{count(requests)}</td>
      <td title={dateTime(at)}>{ago(at)}</td>
      <td class="prose">{CURES[error] ?? 'Read the log of the server.'}</td>
    </tr>
  );
}
