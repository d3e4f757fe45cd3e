import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/goals.js';
import { allResults, callResults, scaleResults } from './figures.js';

const unmet = (results: Parameters<typeof judge>[0]) =>
  judge(results)
    .filter(({ met }) => !met)
    .map(({ goal }) => goal);

/** A goal, a figure at its limit, a figure beyond it, and the places of the figure in the results. */
type Limit = [goal: string, met: number, missed: number, ...places: string[]];

const toFloors = (version: string): Limit[] => [
  [`calls/s ÷ floor, Node.js ${version}: at least 1.2`, 1.2, 1.199, `floors.${version}.floor.callsPerSecond`],
  [
    `calls/s ÷ bare amqplib without guarantees, Node.js ${version}: at least 1`,
    ...([1, 0.999] as const),
    `floors.${version}.weak.callsPerSecond`,
  ],
  [`p50 ÷ floor, one at a time, Node.js ${version}: at most 1`, 1, 1.001, `floors.${version}.floor.p50Ms`],
  [`p99 ÷ floor, one at a time, Node.js ${version}: at most 1`, 1, 1.001, `floors.${version}.floor.p99Ms`],
  [`p99 ÷ floor, 100 in flight, Node.js ${version}: at most 1`, 1, 1.001, `floors.${version}.floor.loadedP99Ms`],
];

const OSLO_STORMS = 'fleet.peers.oslo.dense.storms';

/** In the order of the table. */
const LIMITS: Limit[] = [
  ['calls/s ÷ floor: at least 1.2', 1.2, 1.199, 'calls.ratios.floor.callsPerSecond'],
  ['calls/s ÷ bare amqplib without guarantees: at least 1', 1, 0.999, 'calls.ratios.floor-weak.callsPerSecond'],
  ['calls/s ÷ the best of the peers: at least 2.2', 2.2, 2.199, 'calls.ratios.nest-rmq.callsPerSecond'],
  ['p50 ÷ floor, one at a time: at most 1', 1, 1.001, 'calls.ratios.floor.p50Ms'],
  ['p99 ÷ floor, one at a time: at most 1', 1, 1.001, 'calls.ratios.floor.p99Ms'],
  ['p99 ÷ floor, 100 in flight: at most 1', 1, 1.001, 'calls.ratios.floor.loadedP99Ms'],
  ['client CPU of a call ÷ floor: at most 1.3', 1.3, 1.301, 'calls.ratios.floor.clientCpuMicros'],
  ['server CPU of a call ÷ floor: at most 1.3', 1.3, 1.301, 'calls.ratios.floor.serverCpuMicros'],
  ['calls/s of 200 B ÷ floor with envelope: at least 1.05', 1.05, 1.049, 'payload.sizes.0.callsTo.envelope'],
  ['calls/s of 1 kB ÷ floor with envelope: at least 1.05', 1.05, 1.049, 'payload.sizes.1.callsTo.envelope'],
  ['calls/s of 10 kB ÷ floor with envelope: at least 1.05', 1.05, 1.049, 'payload.sizes.2.callsTo.envelope'],
  ['calls/s of 10 kB ÷ floor: at least 0.9', 0.9, 0.899, 'payload.sizes.2.callsTo.floor'],
  ['calls/s of 100 kB ÷ floor with envelope: at least 1.05', 1.05, 1.049, 'payload.sizes.3.callsTo.envelope'],
  ['calls/s of 100 kB ÷ floor: at least 0.75', 0.75, 0.749, 'payload.sizes.3.callsTo.floor'],
  ['calls/s of 1 MB ÷ floor with envelope: at least 1.05', 1.05, 1.049, 'payload.sizes.4.callsTo.envelope'],
  ['calls/s of 1 MB ÷ floor: at least 0.85', 0.85, 0.849, 'payload.sizes.4.callsTo.floor'],
  ['calls/s of 100 kB of text ÷ floor with envelope: at least 0.95', 0.95, 0.949, 'payload.sizes.5.callsTo.envelope'],
  ['p99 of small calls beside large ones ÷ alone: at most 2', 2, 2.001, 'beside.besideToAlone.oslo.p99'],
  ['notifications published/s ÷ floor: at least 0.9', 0.9, 0.899, 'notifications.ratio.publishedPerSecond'],
  ['notifications consumed/s ÷ floor: at least 0.9', 0.9, 0.899, 'notifications.ratio.consumedPerSecond'],
  [
    'most heap in the second half of the batches ÷ in the first: at most 1.2',
    ...([1.2e7, 1.201e7] as const),
    'notifications.soak.1',
  ],
  ['calls lost, 10,000 in flight: at most 0', 0, 1, 'scale.inFlight.lost'],
  ['cost of a call ÷ plain, 10,000 in flight: at most 1.2', 1.2, 1.201, 'scale.inFlight.cost'],
  ['cost of a call ÷ plain, 200 topics: at most 1.2', 1.2, 1.201, 'scale.topics.cost'],
  ['cost of a call ÷ floor, 200 topics: at most 1.3', 1.3, 1.301, 'scale.topics.toFloor'],
  ['cost of a call ÷ plain, one of 200 topics: at most 1.2', 1.2, 1.201, 'scale.topicOfMany.cost'],
  ['cost of a call ÷ plain, 100 clients: at most 1.2', 1.2, 1.201, 'scale.clients.cost'],
  [
    'cost of a call, the end of a long row ÷ its beginning: at most 1.2',
    ...([96, 96.1] as const),
    ...['scale.row.slices.8.cpuMicros', 'scale.row.slices.9.cpuMicros'],
  ],
  [
    'heap of client and server, the end of a long row ÷ its beginning: at most 1.2',
    ...([2.4e7, 2.41e7] as const),
    ...['scale.row.slices.8.heapBytes', 'scale.row.slices.9.heapBytes'],
  ],
  ['errors of calls of 1 MB: at most 0', 0, 1, 'scale.megabyte.errors'],
  ['bytes of a pending call: at most 2000', 2000, 2001, 'scale.bytesPerPendingCall'],
  ['start with 200 topics, ms: at most 3000', 3000, 3001, 'scale.topics.startMs'],
  ['connections of client and server, 200 topics: at most 4', 4, 5, 'scale.topics.connections'],
  ['connections of client and server, 100 clients: at most 4', 4, 5, 'scale.clients.connections'],
  ['channels of client and server, 200 topics: at most 2047', 2047, 2048, 'scale.topics.channels'],
  ['the busiest of the servers ÷ their mean: at most 1.5', 1.5, 1.501, 'processes.mostOverMean'],
  // Of 20 services: 2.45 and 2.55 of each.
  ['connections of one more service: at most 2', 49, 51, 'fleet.peers.oslo.steps.2.connections'],
  ['services that are away 60 s after a restart of the broker: at most 0', 0, 1, `${OSLO_STORMS}.restart.failed`],
  ['services that are away 60 s after a cut: at most 0', 0, 1, `${OSLO_STORMS}.drop.failed`],
  [
    'all services serve again after a restart of the broker, ms: at most 5000',
    ...([5000, 5001] as const),
    ...[`${OSLO_STORMS}.restart.servingAllMs`, 'fleet.peers.oslo-python.dense.storms.restart.servingAllMs'],
  ],
  ['the same ÷ Python: at most 1', 3500, 3499, 'fleet.peers.oslo-python.dense.storms.restart.servingAllMs'],
  ['answered in time ÷ capacity, overload: at least 0.95', 0.95, 0.949, 'overload.peers.oslo.goodput'],
  [
    'answered in time ÷ capacity, overload of computing handlers: at least 0.95',
    ...([0.95, 0.949] as const),
    'overload.peers.oslo-computing.goodput',
  ],
  ['p99 of the answered ÷ timeout, overload: at most 1', 2000, 2001, 'overload.peers.oslo.servedP99Ms'],
  ['p50 of the refused ÷ timeout, overload: at most 0.5', 1000, 1001, 'overload.peers.oslo.refusedP50Ms'],
  ['calls without an answer ÷ calls, overload: at most 0.05', 0.05, 0.051, 'overload.peers.oslo.failed'],
  ["growth of the server's memory, overload: at most 1.1", 1.1, 1.101, 'overload.peers.oslo.serverGrowth'],
  ['memory:// calls/s ÷ TCP: at least 1', 1, 0.999, 'memory.toTcp.callsPerSecond'],
  ['memory:// p50 ÷ TCP: at most 1', 1, 1.001, 'memory.toTcp.p50Ms'],
  ['memory:// p99 ÷ TCP: at most 1', 1, 1.001, 'memory.toTcp.p99Ms'],
  ['memory:// p99 ÷ TCP, 100 in flight: at most 1', 1, 1.001, 'memory.toTcp.loadedP99Ms'],
  ['memory:// CPU of a call ÷ TCP: at most 1', 1, 1.001, 'memory.toTcp.cpuMicros'],
  ['calls/s with traces and metrics ÷ without: at least 0.85', 0.85, 0.849, 'observability.callsToOff.all'],
  [
    'calls/s with the explorer, no page open ÷ without: at least 0.97',
    ...([0.97, 0.969] as const),
    'explorer.callsToOff.registered',
  ],
  ['calls/s with a page of the explorer ÷ without: at least 0.97', 0.97, 0.969, 'explorer.callsToOff.page'],
  ['memory:// calls/s ÷ RabbitMQ: at least 10', 10, 9.99, 'memory.callsToRabbit'],
  ['import beyond Nest, ms of CPU: at most 60', 60, 60.1, 'start.imported.cpuMs'],
  ...(['memory', 'rabbit'] as const).map((transport): Limit => {
    const goal = 'memory of an idle service of 20 topics beyond an empty one, MB: at most 15';
    return [goal, 1.5e7, 1.501e7, `start.beyondEmpty.${transport}.rssBytes`];
  }),
  ['the package, packed, MB: at most 1', 1e6, 1.001e6, 'start.packed.bytes'],
  ...['22', '24', '26'].map((version): Limit => {
    const goal = `memory:// calls/s ÷ RabbitMQ, Node.js ${version}: at least 10`;
    return [goal, 10, 9.99, `runtimes.runtimes.${version}.memoryToRabbit`];
  }),
  ['calls/s ÷ floor, Node.js 20: at least 1.1', 1.1, 1.099, 'floors.20.floor.callsPerSecond'],
  ['p50 ÷ floor, one at a time, Node.js 20: at most 1.1', 1.1, 1.101, 'floors.20.floor.p50Ms'],
  ...toFloors('22'),
  ...toFloors('24'),
];

/** Returns good results with another figure at some places. */
function resultsWith(figure: number, places: readonly string[]) {
  // Some of the results are the same object.
  const results: ReturnType<typeof allResults> = JSON.parse(JSON.stringify(allResults()));
  for (const place of places) {
    const path = place.split('.');
    const last = path.pop() ?? '';
    const holder = path.reduce<object>((at, key) => Reflect.get(at, key) as object, results);
    expect(typeof Reflect.get(holder, last), place).toBe('number');
    Reflect.set(holder, last, figure);
  }
  return results;
}

describe("the benchmark's goals", () => {
  it('are met by good figures', () => {
    expect(unmet(allResults())).toEqual([]);
  });

  it('have the limits that are tried here', () => {
    expect(judge(allResults()).map(({ goal }) => goal)).toEqual([...new Set(LIMITS.map(([goal]) => goal))]);
  });

  it.each(LIMITS)('%s is met by %f, and missed by %f', (goal, met, missed, ...places) => {
    expect(unmet(resultsWith(met, places))).toEqual([]);
    expect(unmet(resultsWith(missed, places))).toEqual([goal]);
  });

  it('compare with the best of the products', () => {
    const oslo = { callsPerSecond: 2500 };
    const peers = { moleculer: {}, 'nest-rmq': { callsPerSecond: 1200 }, oslo };
    expect(unmet(callResults(peers, 'nest-rmq'))).toEqual(['calls/s ÷ the best of the peers: at least 2.2']);
    expect(unmet(callResults(peers, 'moleculer'))).toEqual([]);
  });

  it('are missed by a figure that is not a number', () => {
    expect(unmet({ scale: { ...scaleResults(), bytesPerPendingCall: Number.NaN } })).toEqual([
      'bytes of a pending call: at most 2000',
    ]);
  });

  it('are evaluated only for existing figures', () => {
    expect(judge({})).toEqual([]);
    const { notifications } = allResults();
    const goals = judge({ notifications: { ...notifications, soak: null } });
    expect(goals.map(({ goal }) => goal)).toEqual([
      'notifications published/s ÷ floor: at least 0.9',
      'notifications consumed/s ÷ floor: at least 0.9',
    ]);
  });
});
