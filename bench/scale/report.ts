import { fixed } from '../statistics.js';
import { textTable } from '../text-table.js';
import type { ScaleResult } from './part.js';
import { growth } from './row.js';

export function scaleText({
  inFlight,
  bytesPerPendingCall,
  topics,
  topicOfMany,
  clients,
  row,
  megabyte,
}: ScaleResult): string {
  const links = ({ connections, channels }: ScaleResult['clients']) =>
    `${connections} connections, ${channels ?? '-'} channels of client and server`;
  return textTable([
    ['one process', 'cost of a call ÷ plain', ''],
    [`${inFlight.calls} in flight`, fixed(inFlight.cost, 2), `${inFlight.answered} of ${inFlight.sent} answered`],
    ['200 topics of 5 methods', fixed(topics.cost, 2), `started in ${fixed(topics.startMs, 0)} ms; ${links(topics)}`],
    [
      '200 queues of floor',
      fixed(topics.floorToItself, 2),
      `with 200 topics, ${fixed(topics.toFloor, 2)} of the floor's CPU`,
    ],
    ['one of 200 topics', fixed(topicOfMany.cost, 2), ''],
    ['100 clients', fixed(clients.cost, 2), links(clients)],
    [
      `${row.calls} calls in a row`,
      fixed(
        growth(row, ({ cpuMicros }) => cpuMicros),
        2,
      ),
      `heap of the client ${fixed(
        growth(row, (it) => it.clientHeapBytes),
        2,
      )}, of the server ${fixed(
        growth(row, (it) => it.serverHeapBytes),
        2,
      )} of what it was`,
    ],
    [
      'calls of 1 MB',
      '',
      `${fixed(megabyte.callsPerSecond, 0)} calls/s, ${megabyte.errors} errors, heap ${fixed(megabyte.heapGrowth, 2)} of what it was`,
    ],
    ['a pending call', '', `${fixed(bytesPerPendingCall, 0)} bytes`],
  ]);
}
