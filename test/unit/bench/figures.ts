import type { CallsRound, PeerCalls } from '../../../bench/parts/calls.js';
import type { Results } from '../../../bench/parts/parts.js';
import type { PeerName } from '../../../bench/peers/peer.js';
import { GROUP_NAMES, type Group } from '../../../bench/profile/groups.js';
import { ratios, spread, spreads } from '../../../bench/statistics.js';

const PLAIN: CallsRound = {
  p50Ms: 1,
  p99Ms: 2,
  callsPerSecond: 1000,
  loadedP99Ms: 20,
  clientCpuMicros: 40,
  serverCpuMicros: 40,
  brokerCpuMicros: 60,
};

/** Results of one round each, in which the peers differ from the plain figures as given. */
export function callResults(
  given: Partial<Record<PeerName, Partial<CallsRound>>>,
  best?: PeerName,
): Required<Pick<Results, 'calls'>> {
  const figures = Object.fromEntries(Object.entries(given).map(([name, own]) => [name, [{ ...PLAIN, ...own }]]));
  const memory = { heapBytes: 1e7, rssBytes: 5e7 };
  const peers = Object.fromEntries(
    Object.entries(figures).map(([name, rounds]): [string, PeerCalls] => [
      name,
      { summary: spreads(rounds), memory: { client: memory, server: memory } },
    ]),
  );
  const others = (Object.keys(given) as PeerName[]).filter((name) => name !== 'oslo');
  return {
    calls: {
      inFlight: 100,
      peers,
      ratios: Object.fromEntries(others.map((name) => [name, ratios(figures['oslo'] ?? [], figures[name] ?? [])])),
      best: best ?? null,
    },
  };
}

export function scaleResults(): NonNullable<Results['scale']> {
  const slice = { cpuMicros: 80, heapBytes: 2e7 };
  const links = { cost: 1, connections: 4, channels: 4 };
  return {
    inFlight: { calls: 10_000, sent: 20_000, answered: 20_000, cost: 1 },
    bytesPerPendingCall: 900,
    topics: { ...links, startMs: 900, floorToItself: 1, toFloor: 1 },
    topicOfMany: { ...links, startMs: 900 },
    clients: { ...links, startMs: 90 },
    row: { calls: 1000, slices: Array.from({ length: 10 }, () => slice) },
    megabyte: { callsPerSecond: 20, errors: 0, heapGrowth: 1 },
  };
}

/** One of everything. */
export function allResults(): Required<Results> {
  const point = { peer: 'oslo' as const };
  const broker = { p50Ms: spread([1]), callsPerSecond: spread([900]), brokerCpuMicros: spread([80]) };
  const notifications = { publishedPerSecond: spread([20_000]), consumedPerSecond: spread([30_000]) };
  const one = spread([1]);
  const inMemory = { p50Ms: one, p99Ms: one, callsPerSecond: one, loadedP99Ms: one, cpuMicros: one };
  const profiled = {
    cpuMicros: 30,
    profiledCpuMicros: 40,
    groups: Object.fromEntries(GROUP_NAMES.map((name) => [name, 2])) as Record<Group, number>,
    heaviest: [{ name: 'writeBuffer', at: '', group: 'sockets' as const, micros: 2 }],
    blocks: ['0 20.00 rpc call-context: call', '1 15.00 json json: parseJson', '0 10.00 loop event loop and reads'],
  };
  const onTransport = { callsPerSecond: one, cpuMicros: one };
  const onNode = { rabbit: onTransport, memory: onTransport, memoryToRabbit: 10 };
  const ratio = { publishedPerSecond: one, consumedPerSecond: one };
  return {
    ...callResults({ floor: {}, 'nest-rmq': {}, oslo: { callsPerSecond: 2500 } }, 'nest-rmq'),
    notifications: { peers: { floor: notifications, oslo: notifications }, ratio, soak: [1e7, 1e7] },
    sweeps: {
      concurrency: [
        { ...point, inFlight: 10, callsPerSecond: 900, clientCores: 0.3, serverCores: 0.3, brokerCores: 0.6 },
      ],
      rates: [{ ...point, ratePerSecond: 500, p50Ms: 1, p99Ms: 3, keptUp: true }],
      sizes: [{ ...point, bytes: 100, callsPerSecond: 900 }],
      pending: [0, 1000].map((calls) => ({ ...point, calls, heapBytes: 1e7 + calls * 800 })),
    },
    scale: scaleResults(),
    processes: { servers: 2, clients: 1, callsPerSecond: spread([900]), mostOverMean: one, brokerCores: spread([0.5]) },
    memory: {
      subjects: { memory: inMemory, 'nest-tcp': inMemory, 'nest-tcp-apart': inMemory, rabbit: inMemory },
      toTcp: { p50Ms: 1, p99Ms: 1, callsPerSecond: 1, loadedP99Ms: 1, cpuMicros: 1 },
      callsToRabbit: 10,
    },
    cluster: { nodes: 3, transient: broker, quorum: broker, cluster: broker, clusterToQuorum: 1 },
    profile: { inFlight: 100, subjects: { client: profiled, server: profiled, memory: profiled } },
    runtimes: { inFlight: 100, runtimes: { '20': onNode, '22': onNode, '24': onNode, '26': onNode } },
  };
}
