import type { OverloadFigures } from '../../../bench/parts/overload.js';
import type { Results } from '../../../bench/parts/parts.js';
import type { PeerName } from '../../../bench/peers/peer.js';
import type { CallsRound } from '../../../bench/rounds.js';
import { ratios } from '../../../bench/statistics.js';
import { GROUP_NAMES, type Group } from '../../../lib/cli/profile/groups.js';

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

export function fleetResults(): NonNullable<Results['fleet']> {
  const step = (services: number) => ({
    services,
    processes: services,
    connections: 2 * services,
    channels: 6 * services,
    queues: 1 + 3 * services,
    consumers: 4 * services,
    erlangProcesses: 300 + 20 * services,
    processBytes: 9e7,
    rssBytes: 1.5e8 + 5e5 * services,
    files: 90 + 2 * services,
    idleCores: 0.01 + 1e-4 * services,
  });
  const storm = {
    outageMs: 8000,
    loginHalfMs: 1500,
    loginLastMs: 3000,
    busiestLogins: 20,
    servingHalfMs: 1700,
    servingNinetyMs: 3000,
    servingAllMs: 3500,
    failed: 0,
    wastedLogins: 0,
    overflows: 0,
    brokerMillisPerService: 30,
  };
  const storms = { restart: storm, drop: { ...storm, outageMs: 0 } };
  const fleet = { steps: [0, 10, 20].map(step), storms, dense: { ...step(200), storms } };
  return { peers: { oslo: fleet, 'oslo-python': fleet } };
}

function floorResults(): NonNullable<Results['floors']> {
  const ratio = ratios([{ ...PLAIN, callsPerSecond: 1200 }], [PLAIN]);
  const toFloors = { floor: ratio, weak: ratio };
  return { '20': toFloors, '22': toFloors, '24': toFloors };
}

function startResults(): NonNullable<Results['start']> {
  const cost = { wallMs: 40, cpuMs: 50, beforeMs: 150 };
  const listening = { startMs: 300, rssBytes: 9e7, heapBytes: 3e7 };
  const beyond = { rssBytes: 1e7, heapBytes: 5e6 };
  return {
    imported: cost,
    required: cost,
    files: { library: 11, all: 40 },
    empty: listening,
    memory: listening,
    rabbit: listening,
    beyondEmpty: { memory: beyond, rabbit: beyond },
    help: cost,
    version: cost,
    packed: { bytes: 9e5, unpackedBytes: 4e6, files: 400 },
  };
}

function overloadResults(): NonNullable<Results['overload']> {
  const oslo: OverloadFigures = {
    capacity: 400,
    goodput: 0.99,
    row: [1, 0.98],
    refused: 0.7,
    failed: 0,
    wasted: 0,
    servedP50Ms: 500,
    servedP99Ms: 600,
    refusedP50Ms: 500,
    refusedP99Ms: 700,
    serverGrowth: 1,
    serverRssBytes: 1e8,
    queued: 3000,
  };
  return { seconds: 2, times: 4, timeoutMs: 2000, peers: { oslo, 'oslo-computing': oslo } };
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
  const size = { inFlight: 2, subjects, callsTo: { floor: 1, envelope: 1.1, moleculer: 1 } };
  const records = [200, 1000, 10_000, 100_000, 1_000_000].map((bytes) => ({ ...size, bytes }));
  const beside = { aloneP50Ms: 1, aloneP99Ms: 2, besideP50Ms: 1, besideP99Ms: 3, largeP50Ms: 20 };
  const besideToAlone = { p50: 1, p99: 1.5 };
  const onTransport = { callsPerSecond: 1, cpuMicros: 1 };
  const onNode = { rabbit: onTransport, memory: onTransport, memoryToRabbit: 10 };
  const ratio = { publishedPerSecond: 1, consumedPerSecond: 1 };
  return {
    ...callResults({ floor: {}, 'floor-weak': {}, 'nest-rmq': {}, oslo: { callsPerSecond: 2500 } }, 'nest-rmq'),
    payload: { sizes: [...records, { ...size, bytes: 100_000, isText: true }] },
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
    overload: overloadResults(),
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
    fleet: fleetResults(),
    cluster: { transient: PLAIN, quorum: PLAIN, cluster: PLAIN },
    profile: { inFlight: 100, subjects: { client: profiled, server: profiled, memory: profiled } },
    runtimes: { inFlight: 100, runtimes: { '20': onNode, '22': onNode, '24': onNode, '26': onNode } },
    floors: floorResults(),
    start: startResults(),
  };
}
