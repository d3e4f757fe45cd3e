import type { ServerView } from '../../protocol.js';
import { Badge, type Tone } from './badge.js';
import { type Column, DataTable } from './data-table.js';
import { ago, count, dateTime, plural } from './format.js';

const TONES: Readonly<Record<ServerView['state'], Tone>> = {
  serving: 'good',
  starting: 'warn',
  closed: 'plain',
  silent: 'bad',
  unknown: 'plain',
};

const COLUMNS: readonly Column<ServerView>[] = [
  {
    name: 'Server',
    cell: ({ name, host }) => (
      <>
        <code>{name}</code>
        {host !== null && host !== name && <small>{host}</small>}
      </>
    ),
  },
  { name: 'State', cell: ({ state }) => <Badge tone={TONES[state] ?? 'plain'}>{state}</Badge> },
  {
    name: 'Library',
    cell: ({ library, version, runtime }) => (
      <>
        {library === null ? '–' : `${library} ${version ?? ''}`}
        {runtime !== null && <small>{runtime}</small>}
      </>
    ),
  },
  {
    name: 'Started',
    cell: ({ since }) => (since === null ? '–' : ago(since)),
    title: ({ since }) => (since === null ? undefined : dateTime(since)),
  },
  { name: 'Last answer', cell: ({ lastSeen }) => (lastSeen === null ? '–' : ago(lastSeen)) },
  {
    name: 'Slots',
    type: 'number',
    cell: ({ slots }) => (slots === null ? '–' : `${count(slots.used)} of ${count(slots.limit)}`),
  },
];

interface ServerTableProps {
  readonly topic: string;
  readonly servers: readonly ServerView[];
  readonly others: number;
}

/** Servers of a topic. */
export function ServerTable({ topic, servers, others }: ServerTableProps) {
  return (
    <>
      {servers.length > 0 && (
        <DataTable
          label={`Servers of ${topic}`}
          columns={COLUMNS}
          rows={servers}
          rowKey={({ name, host, since }) => JSON.stringify([name, host, since])}
          step={20}
        />
      )}
      {others > 0 && <p class="note">{plural(others, 'server')} answered without a name, as Python’s do.</p>}
    </>
  );
}
