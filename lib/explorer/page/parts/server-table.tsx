import type { ServerView } from '../../protocol.js';
import { Badge, type Tone } from './badge.js';
import { ago, count, dateTime, plural } from './format.js';
import { useMore } from './more.js';
import { Table } from './panel.js';

const TONES: Readonly<Record<ServerView['state'], Tone>> = {
  serving: 'good',
  starting: 'warn',
  closed: 'plain',
  silent: 'bad',
  unknown: 'plain',
};

/** Servers of a topic. */
export function ServerTable({ servers, others }: { readonly servers: readonly ServerView[]; readonly others: number }) {
  const { shown, more } = useMore(servers, 20);
  const rest = others > 0 && <p class="note">{plural(others, 'server')} answered without a name, as Python’s do.</p>;
  if (servers.length === 0) return <>{rest}</>;
  return (
    <>
      <Table label="Servers">
        <thead>
          <tr>
            <th scope="col">Server</th>
            <th scope="col">State</th>
            <th scope="col">Library</th>
            <th scope="col">Started</th>
            <th scope="col">Last answer</th>
            <th scope="col" class="number">
              Slots
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((server) => (
            <tr key={`${server.name} ${server.host} ${server.since}`}>
              <th scope="row">
                <code>{server.name}</code>
                {server.host !== null && server.host !== server.name && <small>{server.host}</small>}
              </th>
              <td>
                <Badge tone={TONES[server.state] ?? 'plain'}>{server.state}</Badge>
              </td>
              <td>
                {server.library === null ? '–' : `${server.library} ${server.version ?? ''}`}
                {server.runtime !== null && <small>{server.runtime}</small>}
              </td>
              <td title={server.since === null ? undefined : dateTime(server.since)}>
                {server.since === null ? '–' : ago(server.since)}
              </td>
              <td>{server.lastSeen === null ? '–' : ago(server.lastSeen)}</td>
              <td class="number">
                {server.slots === null ? '–' : `${count(server.slots.used)} of ${count(server.slots.limit)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      {more}
      {rest}
    </>
  );
}
