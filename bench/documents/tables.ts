import { markdownTable } from '../../conformance/markdown-table.js';
import type { CallsResult } from '../calls/part.js';
import type { ClusterFigures, ClusterResult } from '../cluster/part.js';
import type { GoalResult } from '../goals.js';
import type { Machine } from '../machine.js';
import type { MemoryResult, MemorySubject } from '../memory/part.js';
import { MEMORY_ROWS, MEMORY_TITLES } from '../memory/report.js';
import type { NotificationsResult } from '../notifications/part.js';
import { PEER_TITLES, PEERS } from '../peer.js';
import type { ProcessesResult } from '../processes/part.js';
import type { ScaleResult } from '../scale/part.js';
import { growth } from '../scale/row.js';
import { fixed, median } from '../statistics.js';
import type { SweepsResult } from '../sweeps/part.js';
import { bytesPerPendingCall } from '../sweeps/pending.js';

export function machineLine({ cpu, cores, node, broker }: Machine, date: string): string {
  return `${cores} cores of ${cpu}, Node.js ${node.replace(/^v/, '')}, ${broker}; client, server and broker on this one machine; ${date.slice(0, 10)}.`;
}

export function callsTable({ peers, ratios, inFlight }: CallsResult): string[] {
  const rows = PEERS.flatMap((name) => {
    const peer = peers[name];
    if (!peer) return [];
    const { p50Ms, p99Ms, callsPerSecond, clientCpuMicros, serverCpuMicros, brokerCpuMicros } = peer.summary;
    const { client, server } = peer.memory;
    return [
      [
        PEER_TITLES[name],
        `${fixed(p50Ms.median, 2)} / ${fixed(p99Ms.median, 2)} ms`,
        thousands(callsPerSecond.median),
        [clientCpuMicros, serverCpuMicros, brokerCpuMicros].map((it) => fixed(it.median, 0)).join(' / '),
        `${megabytes(client.rssBytes)} / ${megabytes(server.rssBytes)}`,
        name === 'oslo' ? '' : fixed(ratios[name]?.callsPerSecond.median ?? null, 2),
      ],
    ];
  });
  return markdownTable(
    [
      '',
      'p50 / p99, one at a time',
      `calls/s, ${inFlight} in flight`,
      'CPU a call, µs: client / server / broker',
      'resident MB: client / server',
      'calls/s, this library ÷ it',
    ],
    rows,
  );
}

export function notificationsTable({ peers, ratio }: NotificationsResult): string[] {
  const row = (label: string, figure: 'publishedPerSecond' | 'consumedPerSecond') => [
    label,
    thousands(peers.floor?.summary[figure].median ?? null),
    thousands(peers.oslo?.summary[figure].median ?? null),
    fixed(ratio?.[figure].median ?? null, 2),
  ];
  return markdownTable(
    ['notifications', PEER_TITLES.floor, PEER_TITLES.oslo, 'ratio'],
    [row('published and confirmed/s', 'publishedPerSecond'), row('consumed and acknowledged/s', 'consumedPerSecond')],
  );
}

/** Which of the three is the first to run out of machine. */
export function coresTable({ concurrency }: SweepsResult): string[] {
  const rows = concurrency
    .filter(({ peer }) => peer === 'oslo')
    .map(({ inFlight, callsPerSecond, clientCores, serverCores, brokerCores }) => [
      String(inFlight),
      thousands(callsPerSecond),
      fixed(clientCores, 2),
      fixed(serverCores, 2),
      fixed(brokerCores, 2),
      `${fixed((100 * brokerCores) / (clientCores + serverCores + brokerCores), 0)} %`,
    ]);
  return markdownTable(['calls in flight', 'calls/s', 'cores: client', 'server', 'broker', "the broker's share"], rows);
}

export function pendingTable({ pending }: SweepsResult): string[] {
  const rows = PEERS.flatMap((name) => {
    const bytes = bytesPerPendingCall(pending, name);
    return bytes === undefined ? [] : [[PEER_TITLES[name], thousands(bytes)]];
  });
  return markdownTable(['', 'bytes for a pending call'], rows);
}

export function scaleTable(result: ScaleResult): string[] {
  const { inFlight, bytesPerPendingCall: bytes, topics, topicOfMany, clients, row, megabyte } = result;
  const links = ({ connections, channels }: ScaleResult['clients']) =>
    `${connections} connections and ${channels ?? '-'} channels of client and server`;
  const heap = growth(row, (slice) => slice.clientHeapBytes + slice.serverHeapBytes);
  return markdownTable(
    ['in one process', 'CPU of a call ÷ that of its plain case', ''],
    [
      [
        `${inFlight.calls.toLocaleString('en')} calls in flight`,
        fixed(inFlight.cost, 2),
        `${fixed(bytes, 0)} bytes for a pending call`,
      ],
      [
        '200 topics of 5 methods, in turn',
        fixed(topics.cost, 2),
        `listening after ${fixed(topics.startMs / 1000, 2)} s; ${links(topics)}`,
      ],
      [
        'bare amqplib, 200 queues in turn',
        fixed(topics.floorToItself, 2),
        `this library with 200 topics takes ${fixed(topics.toFloor, 2)} of it`,
      ],
      ['one of 200 topics', fixed(topicOfMany.cost, 2), ''],
      ['100 clients, in turn', fixed(clients.cost, 2), links(clients)],
      [
        `${row.calls.toLocaleString('en')} calls in a row`,
        fixed(
          growth(row, ({ cpuMicros }) => cpuMicros),
          2,
        ),
        `heap at the end ${fixed(heap, 2)} of that at the beginning`,
      ],
      [
        'calls of 1 MB',
        '',
        `${fixed(megabyte.callsPerSecond, 0)} calls/s; heap afterwards ${fixed(megabyte.heapGrowth, 2)} of that before`,
      ],
    ],
  );
}

export function processesTable({ servers, clients, rounds, mostOverMean, callsPerSecond }: ProcessesResult): string[] {
  const cores = median(rounds.map(({ brokerCores }) => brokerCores));
  return markdownTable(
    ['processes', 'calls/s', 'the busiest server ÷ the mean', 'cores of the broker'],
    [[`${servers} servers, ${clients} clients`, thousands(callsPerSecond), fixed(mostOverMean, 2), fixed(cores, 2)]],
  );
}

export function clusterTable({ nodes, transient, quorum, cluster }: ClusterResult): string[] {
  const row = (label: string, { p50Ms, callsPerSecond, brokerCpuMicros }: ClusterFigures) => [
    label,
    `${fixed(p50Ms.median, 2)} ms`,
    thousands(callsPerSecond.median),
    fixed(brokerCpuMicros.median, 0),
    thousands(1e6 / brokerCpuMicros.median),
  ];
  return markdownTable(
    [
      'broker',
      'p50, one at a time',
      'calls/s, 100 in flight',
      'broker CPU a call, µs',
      'calls/s for each core of the broker',
    ],
    [row('one node', transient), row('one node, quorum queues', quorum), row(`${nodes} nodes, quorum queues`, cluster)],
  );
}

export function memoryTable({ subjects, toTcp, callsToRabbit }: MemoryResult): string[] {
  const names = Object.keys(subjects) as MemorySubject[];
  const rows = MEMORY_ROWS.map(({ figure, label, digits }) => [
    label,
    ...names.map((name) => {
      const { median: value } = subjects[name][figure];
      return figure === 'callsPerSecond' ? thousands(value) : fixed(value, digits);
    }),
    fixed(toTcp[figure], 2),
  ]);
  return [
    ...markdownTable(['', ...names.map((name) => MEMORY_TITLES[name]), '`memory://` ÷ TCP at its best'], rows),
    '',
    `Calls/s of \`memory://\` ÷ those on RabbitMQ: ${fixed(callsToRabbit, 1)}.`,
  ];
}

export function goalsTable(goals: readonly GoalResult[]): string[] {
  return markdownTable(
    ['goal', 'measured', ''],
    goals.map(({ goal, value, met }) => [goal, fixed(value, Number.isInteger(value) ? 0 : 2), met ? 'met' : 'not met']),
  );
}

/** Three digits, which is what the measurement can bear, with separators. */
export function thousands(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '-';
  return Number(value.toPrecision(3)).toLocaleString('en');
}

function megabytes(bytes: number): string {
  return fixed(bytes / 1e6, 0);
}
