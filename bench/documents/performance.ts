import { markdownTable } from '../../conformance/markdown-table.js';
import type { Baselines } from '../baselines.js';
import type { CallsResult, PeerCalls } from '../calls/part.js';
import { TIMES_THE_BEST } from '../goals.js';
import { PEER_TITLES, PEERS, type PeerName } from '../peer.js';
import { GROUPS } from '../profile/groups.js';
import type { ProfileResult } from '../profile/part.js';
import { groupsOf, PROFILE_SUBJECTS } from '../profile/report.js';
import type { RuntimesResult } from '../runtimes/part.js';
import { RUNTIMES } from '../runtimes/runtimes.js';
import { fixed } from '../statistics.js';
import { thousands } from './tables.js';

const TITLES = { client: 'client', server: 'server', memory: '`memory://`, both in one' } as const;

export function groupsTable(result: ProfileResult): string[] {
  const { subjects } = result;
  const row = (label: string, read: (it: ProfileResult['subjects']['client']) => number) => [
    label,
    ...PROFILE_SUBJECTS.map((name) => fixed(read(subjects[name]), 1)),
  ];
  return markdownTable(
    ['µs of CPU of a call', ...PROFILE_SUBJECTS.map((name) => TITLES[name])],
    [
      ...groupsOf(result).map((group) => row(GROUPS[group], ({ groups }) => groups[group])),
      row('in all', ({ cpuMicros }) => cpuMicros),
      row('in all, under the profiler', ({ profiledCpuMicros }) => profiledCpuMicros),
    ],
  );
}

export function heaviestTable({ subjects }: ProfileResult): string[] {
  return PROFILE_SUBJECTS.flatMap((name, index) => [
    ...(index > 0 ? [''] : []),
    ...markdownTable(
      [TITLES[name], 'where', 'µs of a call'],
      subjects[name].heaviest.map((it) => [
        `\`${it.name}\``,
        it.at ? `\`${it.at}\`` : 'native code',
        fixed(it.micros, 2),
      ]),
    ),
  ]);
}

export function runtimesTable({ inFlight, runtimes }: RuntimesResult): string[] {
  return markdownTable(
    [
      `${inFlight} calls in flight`,
      'RabbitMQ: calls/s',
      'CPU of client and server, µs a call',
      '`memory://`: calls/s',
      'CPU, µs a call',
      'calls/s, `memory://` ÷ RabbitMQ',
    ],
    RUNTIMES.map((runtime) => {
      const { rabbit, memory, memoryToRabbit } = runtimes[runtime];
      return [
        `Node.js ${runtime}`,
        thousands(rabbit.callsPerSecond.median),
        fixed(rabbit.cpuMicros.median, 0),
        thousands(memory.callsPerSecond.median),
        fixed(memory.cpuMicros.median, 1),
        fixed(memoryToRabbit, 1),
      ];
    }),
  );
}

/** The same ratios on each kind of machine that they were stored of. */
export function machinesTable(baselines: Baselines): string[] {
  const kinds = Object.keys(baselines);
  const names = [...new Set(Object.values(baselines).flatMap((it) => Object.keys(it)))];
  return markdownTable(
    ['', ...kinds],
    names.map((name) => [name, ...kinds.map((kind) => fixed(baselines[kind]?.[name] ?? null, 2))]),
  );
}

interface Cost {
  name: PeerName;
  broker: number;
  both: number;
  callsPerSecond: number;
}

function costOf(name: PeerName, { summary }: PeerCalls): Cost {
  return {
    name,
    broker: summary.brokerCpuMicros.median,
    both: summary.clientCpuMicros.median + summary.serverCpuMicros.median,
    callsPerSecond: summary.callsPerSecond.median,
  };
}

/** What one machine could do at most, and what the goal beside the best of the peers would ask of it. */
export function limitLines({ peers, best }: CallsResult, cores: number): string[] {
  const costs = PEERS.flatMap((name) => (peers[name] ? [costOf(name, peers[name])] : []));
  const atMost = (micros: number) => thousands((cores * 1e6) / micros);
  const table = markdownTable(
    [
      '',
      'broker, µs of CPU a call',
      'client and server, µs',
      "the broker's share",
      'calls/s if all cores were always busy',
      '… and client and server cost nothing',
      'calls/s, measured',
    ],
    costs.map(({ name, broker, both, callsPerSecond }) => [
      PEER_TITLES[name],
      fixed(broker, 0),
      fixed(both, 0),
      `${fixed((100 * broker) / (broker + both), 0)} %`,
      atMost(broker + both),
      atMost(broker),
      thousands(callsPerSecond),
    ]),
  );
  return [...table, ...goalLines(costs, best, cores)];
}

function goalLines(costs: readonly Cost[], best: PeerName | null, cores: number): string[] {
  const rival = costs.find(({ name }) => name === best);
  const own = costs.find(({ name }) => name === 'oslo');
  const [leanest] = costs.toSorted((a, b) => a.both - b.both);
  const [leanestAtBroker] = costs.toSorted((a, b) => a.broker - b.broker);
  if (!rival || !own || !leanest || !leanestAtBroker) return [];
  const asked = TIMES_THE_BEST * rival.callsPerSecond;
  const allowed = (cores * 1e6) / asked;
  return [
    '',
    ...markdownTable(
      [`${TIMES_THE_BEST} × the best of the peers (${PEER_TITLES[rival.name]})`, ''],
      [
        ['calls/s', thousands(asked)],
        [`µs of CPU that ${cores} cores, always busy, have for each call`, fixed(allowed, 0)],
        [`left by the broker, as it works for ${PEER_TITLES.oslo}`, fixed(allowed - own.broker, 0)],
        [`left where it works least: ${PEER_TITLES[leanestAtBroker.name]}`, fixed(allowed - leanestAtBroker.broker, 0)],
        [`client and server take of ${PEER_TITLES.oslo}`, fixed(own.both, 0)],
        [`client and server of the leanest: ${PEER_TITLES[leanest.name]}`, fixed(leanest.both, 0)],
      ],
    ),
  ];
}
