import type { CallsRound, PeerCalls } from '../../../bench/parts/calls.js';
import type { Results } from '../../../bench/parts/parts.js';
import type { PeerName } from '../../../bench/peers/peer.js';
import { GROUP_NAMES, type Group } from '../../../bench/profile/groups.js';
import { ratios, spread, spreads } from '../../../bench/statistics.js';

const PLAIN: CallsRound = {
  p50Ms: 1,
  p99Ms: 2,
  callsPerSecond: 1000,
  loadedP50Ms: 10,
  loadedP99Ms: 20,
  clientCpuMicros: 40,
  serverCpuMicros: 40,
  brokerCpuMicros: 60,
  brokerCores: 0.5,
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
      { summary: spreads(rounds), memory: { client: memory, server: memory }, rounds },
    ]),
  );
  const others = (Object.keys(given) as PeerName[]).filter((name) => name !== 'oslo');
  return {
    calls: {
      rounds: 1,
      inFlight: 100,
      peers,
      ratios: Object.fromEntries(others.map((name) => [name, ratios(figures['oslo'] ?? [], figures[name] ?? [])])),
      best: best ?? null,
    },
  };
}

export function scaleResults(): NonNullable<Results['scale']> {
  const slice = { calls: 100, callsPerSecond: 1000, cpuMicros: 80, clientHeapBytes: 1e7, serverHeapBytes: 1e7 };
  const links = { cost: 1, connections: 4, channels: 4 };
  return {
    inFlight: { calls: 10_000, sent: 20_000, answered: 20_000, firstError: null, cost: 1 },
    bytesPerPendingCall: 900,
    topics: { ...links, startMs: 900, floorToItself: 1, toFloor: 1 },
    topicOfMany: { ...links, startMs: 900 },
    clients: { ...links, startMs: 90 },
    row: { calls: 1000, slices: Array.from({ length: 10 }, () => slice) },
    megabyte: { callsPerSecond: 20, answered: 20, errors: 0, heapGrowth: 1 },
  };
}

/** One of everything. */
export function allResults(): Required<Results> {
  const point = { peer: 'oslo' as const, p50Ms: 1, p90Ms: 2, p99Ms: 3 };
  const broker = { p50Ms: spread([1]), callsPerSecond: spread([900]), brokerCpuMicros: spread([80]) };
  const soaked = {
    notifications: 1000,
    batches: 10,
    seconds: 1,
    memory: [200, 1000].map((notifications) => ({ notifications, heapBytes: 1e7 })),
  };
  const notifications = {
    publishedPerSecond: spread([20_000]),
    consumedPerSecond: spread([30_000]),
    publisherCpuMicros: spread([20]),
    listenerCpuMicros: spread([20]),
  };
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
  const ratio = { publishedPerSecond: one, consumedPerSecond: one, publisherCpuMicros: one, listenerCpuMicros: one };
  return {
    ...callResults({ floor: {}, 'nest-rmq': {}, oslo: { callsPerSecond: 2500 } }, 'nest-rmq'),
    notifications: {
      rounds: 1,
      peers: { floor: { summary: notifications, rounds: [] }, oslo: { summary: notifications, rounds: [] } },
      ratio,
      soak: soaked,
    },
    sweeps: {
      concurrency: [
        { ...point, inFlight: 10, callsPerSecond: 900, clientCores: 0.3, serverCores: 0.3, brokerCores: 0.6 },
      ],
      rates: [{ ...point, ratePerSecond: 500, keptUp: true }],
      sizes: [{ peer: 'oslo', bytes: 100, callsPerSecond: 900, p50Ms: 1 }],
      pending: [0, 1000].map((calls) => ({ peer: 'oslo' as const, calls, heapBytes: 1e7 + calls * 800 })),
    },
    scale: scaleResults(),
    processes: {
      servers: 2,
      clients: 1,
      rounds: [{ callsPerSecond: 900, served: [450, 450], brokerCores: 0.5 }],
      mostOverMean: 1,
      callsPerSecond: 900,
    },
    memory: {
      rounds: 1,
      subjects: { memory: inMemory, 'nest-tcp': inMemory, 'nest-tcp-apart': inMemory, rabbit: inMemory },
      toTcp: { p50Ms: 1, p99Ms: 1, callsPerSecond: 1, loadedP99Ms: 1, cpuMicros: 1 },
      callsToRabbit: 10,
    },
    cluster: { nodes: 3, transient: broker, quorum: broker, cluster: broker, clusterToQuorum: 1 },
    profile: { inFlight: 100, subjects: { client: profiled, server: profiled, memory: profiled } },
    runtimes: { inFlight: 100, rounds: 1, runtimes: { '20': onNode, '22': onNode, '24': onNode, '26': onNode } },
  };
}
