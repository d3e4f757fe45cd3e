import { useState } from 'preact/hooks';
import type { DeadGroup, DeadMessage, DeadQueue } from '../../protocol.js';
import { Badge } from './badge.js';
import { type Column, DataTable } from './data-table.js';
import { Drawer } from './drawer.js';
import { ago, count, dateTime, plural } from './format.js';
import { JsonText } from './json-text.js';
import { useMore } from './more.js';
import { Panel } from './panel.js';
import type { AskedReplay } from './replay-dialog.js';

const COLUMNS: readonly Column<DeadGroup>[] = [
  { name: 'Method', cell: ({ method }) => <code>{method ?? '(unreadable)'}</code> },
  { name: 'Reason', type: 'prose', cell: ({ reason }) => reason },
  { name: 'Messages', type: 'number', cell: (group) => count(group.count) },
  {
    name: 'Failed again',
    type: 'number',
    cell: ({ failedAgain }) => (failedAgain > 0 ? <Badge tone="bad">{count(failedAgain)}</Badge> : '0'),
  },
  { name: 'Latest', cell: ({ lastAt }) => (lastAt === null ? '–' : ago(lastAt)) },
];

interface DeadQueueProps {
  readonly queue: DeadQueue;
  readonly canReplay: boolean;
  readonly onReplay: (asked: AskedReplay) => void;
}

/** Dead-letter queue: its groups, and its messages. */
export function DeadQueuePanel({ queue, canReplay, onReplay }: DeadQueueProps) {
  const { queue: name, transport, original, groups, messages } = queue;
  const place = { queue: name, transport };
  const target = original ?? 'the original queue';
  const [opened, setOpened] = useState<DeadMessage>();
  const { shown, more } = useMore(messages, 50);
  const button = (what: string, request: Partial<AskedReplay['request']>, label: string) =>
    canReplay && (
      <button
        type="button"
        aria-label={`Replay ${what}`}
        onClick={() => onReplay({ what: `${what} to ${target}`, request: { ...place, ...request } })}
      >
        {label}
      </button>
    );
  const replayGroup = (group: DeadGroup) =>
    button(`${plural(group.count, 'message')} of ${group.method ?? 'the group'}`, { group: group.id }, 'Replay');
  const columns = canReplay ? [...COLUMNS, { name: 'Action', type: 'action' as const, cell: replayGroup }] : COLUMNS;
  return (
    <Panel title={name} aside={button(`all ${plural(queue.count, 'message')}`, { all: true }, 'Replay all')}>
      <p class="note">
        {plural(queue.count, 'message')}
        {original !== null && <> from {original}</>}
      </p>
      <DataTable label={`Groups of ${name}`} columns={columns} rows={groups} rowKey={({ id }) => id} />
      <details>
        <summary>
          {messages.length < queue.count
            ? `The first ${count(messages.length)} of ${plural(queue.count, 'message')}`
            : plural(messages.length, 'message')}
        </summary>
        <ul class="plain-list">
          {shown.map((message) => (
            <li key={message.id}>
              <button type="button" class="dead-row" onClick={() => setOpened(message)}>
                <code>{message.method ?? '(unreadable)'}</code>
                <span class="args">{message.args}</span>
                {message.replays > 0 && <Badge tone="bad">failed again</Badge>}
                <span class="muted">{message.at === null ? '' : ago(message.at)}</span>
              </button>
            </li>
          ))}
        </ul>
        {more}
      </details>
      {opened && (
        <Drawer title={`Dead letter ${opened.method ?? ''}`} onClose={() => setOpened(undefined)}>
          <div class="error-box">
            <strong>Reason</strong>
            <p class="wrap">{opened.reason}</p>
          </div>
          <DeadFacts message={opened} />
          <h3>{opened.kind === 'unreadable' ? 'Body' : opened.kind === 'notification' ? 'Payload' : 'Arguments'}</h3>
          <JsonText label="Arguments" text={opened.args} />
          {button(`one message of ${opened.method ?? name}`, { messages: [opened.id] }, 'Replay this message')}
        </Drawer>
      )}
    </Panel>
  );
}

function DeadFacts({ message }: { readonly message: DeadMessage }) {
  const facts: (readonly [string, string | null])[] = [
    ['Kind', message.kind],
    ['Namespace', message.namespace],
    ['Version', message.version],
    ['Time', message.at === null ? null : dateTime(message.at)],
    ['Deliveries', message.deliveries === null ? null : count(message.deliveries)],
    ['Replayed before', message.replays === 0 ? null : `${plural(message.replays, 'time')}, and failed again`],
    ['Request id', message.requestId],
    ['Caller', message.caller],
  ];
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
