import type { QueueView } from '../../protocol.js';
import { Badge } from './badge.js';
import { type Column, DataTable } from './data-table.js';
import { count } from './format.js';

const number = (value: number | null) => (value === null ? '–' : count(value));

const COLUMNS: readonly Column<QueueView>[] = [
  { name: 'Queue', cell: ({ name }) => <code>{name}</code> },
  { name: 'Ready', type: 'number', cell: ({ ready }) => number(ready) },
  { name: 'Unacknowledged', type: 'number', cell: ({ unacknowledged }) => number(unacknowledged) },
  {
    name: 'Consumers',
    type: 'number',
    cell: ({ consumers }) => (consumers === 0 ? <Badge tone="bad">0</Badge> : number(consumers)),
  },
];

/** Queues of a topic. */
export function TopicQueues({ topic, queues }: { readonly topic: string; readonly queues: readonly QueueView[] }) {
  if (queues.length === 0) return null;
  return (
    <DataTable label={`Queues of ${topic}`} columns={COLUMNS} rows={queues} rowKey={({ name }) => name} step={20} />
  );
}
