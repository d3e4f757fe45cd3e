import type { QueueView } from '../../protocol.js';
import { Badge } from './badge.js';
import { count } from './format.js';
import { useMore } from './more.js';
import { Table } from './panel.js';

const number = (value: number | null) => (value === null ? '–' : count(value));

/** Queues of a topic. */
export function TopicQueues({ queues }: { readonly queues: readonly QueueView[] }) {
  const { shown, more } = useMore(queues, 20);
  if (queues.length === 0) return null;
  return (
    <>
      <Table label="Queues">
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col" class="number">
              Ready
            </th>
            <th scope="col" class="number">
              Unacknowledged
            </th>
            <th scope="col" class="number">
              Consumers
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ name, ready, unacknowledged, consumers }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td class="number">{number(ready)}</td>
              <td class="number">{number(unacknowledged)}</td>
              <td class="number">{consumers === 0 ? <Badge tone="bad">0</Badge> : number(consumers)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
      {more}
    </>
  );
}
