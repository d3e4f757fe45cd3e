import type { Results } from '../../../bench/parts/parts.js';
import type { PeerName } from '../../../bench/peers/peer.js';
import { GROUP_NAMES, type Group } from '../../../bench/profile/groups.js';
import type { CallsRound } from '../../../bench/rounds.js';
import { ratios } from '../../../bench/statistics.js';

const PLAIN: CallsRound = {
  p50Ms: 1,
  p99Ms: 2,
  callsPerSecond: 1000,
  loadedP99Ms: 20,
  clientCpuMicros: 40,
  serverCpuMicros: 40,
  brokerCpuMicros: 60,
  cpuMicros: 80,
};

/** Results of one round each, in which the peers differ from the plain figures as given. */
export function callResults(
  given: Partial<Record<PeerName, Partial<CallsRound>>>,
  best?: PeerName,
): Required<Pick<Results, 'calls'>> {
  const memory = { clientRssBytes: 5e7, serverRssBytes: 5e7 };
  const round = (name: PeerName) => ({ ...PLAIN, ...given[name] });
  const names = Object.keys(given) as PeerName[];
  const others = names.filter((name) => name !== 'oslo');
  return {
    calls: {
      inFlight: 100,
      peers: Object.fromEntries(names.map((name) => [name, { ...round(name), ...memory }])),
      ratios: Object.fromEntries(others.map((name) => [name, ratios([round('oslo')], [round(name)])])),
      best: best ?? null,
    },
  };
}

export function scaleResults(): NonNullable<Results['scale']> {
  const slice = { cpuMicros: 80, heapBytes: 2e7 };
  const links = { cost: 1, connections: 4, channels: 4 };
  return {
    inFlight: { calls: 10_000, lost: 0, cost: 1 },
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
  const notifications = { publishedPerSecond: 20_000, consumedPerSecond: 30_000 };
  const profiled = {
    cpuMicros: 30,
    profiledCpuMicros: 40,
    groups: Object.fromEntries(GROUP_NAMES.map((name) => [name, 2])) as Record<Group, number>,
    heaviest: [{ name: 'writeBuffer', at: '', group: 'sockets' as const, micros: 2 }],
    blocks: ['0 20.00 rpc call-context: call', '1 15.00 json json: parseJson', '0 10.00 loop event loop and reads'],
  };
  const sized = { callsPerSecond: 1000, clientCpuMicros: 200, serverCpuMicros: 200 };
  const subjects = { oslo: sized, floor: sized, envelope: sized, moleculer: sized };
  const sizes = [200, 1000, 10_000, 100_000, 1_000_000].map((bytes) => ({
    bytes,
    inFlight: 2,
    subjects,
    callsTo: { floor: 1, envelope: 1.1, moleculer: 1 },
  }));
  const beside = { aloneP50Ms: 1, aloneP99Ms: 2, besideP50Ms: 1, besideP99Ms: 3, largeP50Ms: 20 };
  const besideToAlone = { p50: 1, p99: 1.5 };
  const onTransport = { callsPerSecond: 1, cpuMicros: 1 };
  const onNode = { rabbit: onTransport, memory: onTransport, memoryToRabbit: 10 };
  const ratio = { publishedPerSecond: 1, consumedPerSecond: 1 };
  return {
    ...callResults({ floor: {}, 'nest-rmq': {}, oslo: { callsPerSecond: 2500 } }, 'nest-rmq'),
    payload: { sizes },
    beside: {
      ratePerSecond: 200,
      largePerSecond: 5,
      largeBytes: 1_000_000,
      subjects: { oslo: beside, floor: beside },
      besideToAlone: { oslo: besideToAlone, floor: besideToAlone },
      toFloor: 1,
    },
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
    processes: { servers: 2, clients: 1, callsPerSecond: 900, mostOverMean: 1, brokerCores: 0.5 },
    memory: {
      subjects: { memory: PLAIN, 'nest-tcp': PLAIN, 'nest-tcp-apart': PLAIN, rabbit: PLAIN },
      toTcp: { p50Ms: 1, p99Ms: 1, callsPerSecond: 1, loadedP99Ms: 1, cpuMicros: 1 },
      callsToRabbit: 10,
    },
    observability: {
      inFlight: 100,
      subjects: { off: PLAIN, metrics: PLAIN, traces: PLAIN, all: PLAIN },
      callsToOff: { off: 1, metrics: 0.97, traces: 0.9, all: 0.88 },
    },
    explorer: {
      inFlight: 100,
      subjects: { off: PLAIN, registered: PLAIN, page: PLAIN },
      memory: { off: PLAIN, registered: PLAIN, page: PLAIN },
      callsToOff: { off: 1, registered: 0.99, page: 0.98 },
      memoryToOff: { off: 1, registered: 0.95, page: 0.9 },
    },
    cluster: { transient: PLAIN, quorum: PLAIN, cluster: PLAIN },
    profile: { inFlight: 100, subjects: { client: profiled, server: profiled, memory: profiled } },
    runtimes: { inFlight: 100, runtimes: { '20': onNode, '22': onNode, '24': onNode, '26': onNode } },
  };
}
