import { TIMES_THE_BEST } from './parts/calls.js';
import { costOf } from './parts/fleet.js';
import type { FloorsResult } from './parts/floors.js';
import type { Results } from './parts/parts.js';
import { kindText } from './parts/payload.js';
import { growth } from './parts/scale.js';

/** A limit of a figure, which is undefined or null where it was not measured. */
type Goal = [goal: string, way: 'at least' | 'at most', limit: number, value: number | null | undefined];

export interface GoalResult {
  goal: string;
  value: number;
  met: boolean;
}

const MAX_CHANNELS = 2047;
/** Two processes, each with a connection to publish and one to consume. */
const CONNECTIONS = 4;

/** Versions of Node.js that are fast enough for the goal of `memory://`. */
const FAST_MEMORY = ['22', '24', '26'] as const;

function goalsOf(results: Results): Goal[] {
  const { calls, payload, beside, notifications, scale, processes, overload, memory } = results;
  const { observability, explorer, runtimes, floors, fleet, start } = results;
  const { restart, drop } = fleet?.peers.oslo?.dense.storms ?? {};
  const python = fleet?.peers['oslo-python']?.dense.storms;
  const one = fleet?.peers.oslo;
  const floor = calls?.ratios.floor;
  const best = calls?.best && calls.ratios[calls.best];
  const topics = scale?.topics;
  const toTcp = memory?.toTcp;
  return [
    ['calls/s ÷ floor', 'at least', 1.2, floor?.callsPerSecond],
    ['calls/s ÷ bare amqplib without guarantees', 'at least', 1, calls?.ratios['floor-weak']?.callsPerSecond],
    ['calls/s ÷ the best of the peers', 'at least', TIMES_THE_BEST, best?.callsPerSecond],
    ['p50 ÷ floor, one at a time', 'at most', 1, floor?.p50Ms],
    ['p99 ÷ floor, one at a time', 'at most', 1, floor?.p99Ms],
    ['p99 ÷ floor, 100 in flight', 'at most', 1, floor?.loadedP99Ms],
    ['client CPU of a call ÷ floor', 'at most', 1.3, floor?.clientCpuMicros],
    ['server CPU of a call ÷ floor', 'at most', 1.3, floor?.serverCpuMicros],
    ...(payload ? payloadGoals(payload) : []),
    ['p99 of small calls beside large ones ÷ alone', 'at most', 2, beside?.besideToAlone.oslo.p99],
    ['notifications published/s ÷ floor', 'at least', 0.9, notifications?.ratio.publishedPerSecond],
    ['notifications consumed/s ÷ floor', 'at least', 0.9, notifications?.ratio.consumedPerSecond],
    ['most heap in the second half of the batches ÷ in the first', 'at most', 1.2, soakGrowth(notifications?.soak)],
    ['calls lost, 10,000 in flight', 'at most', 0, scale?.inFlight.lost],
    ['cost of a call ÷ plain, 10,000 in flight', 'at most', 1.2, scale?.inFlight.cost],
    ['cost of a call ÷ plain, 200 topics', 'at most', 1.2, topics?.cost],
    ['cost of a call ÷ floor, 200 topics', 'at most', 1.3, topics?.toFloor],
    ['cost of a call ÷ plain, one of 200 topics', 'at most', 1.2, scale?.topicOfMany.cost],
    ['cost of a call ÷ plain, 100 clients', 'at most', 1.2, scale?.clients.cost],
    ['cost of a call, the end of a long row ÷ its beginning', 'at most', 1.2, scale && growth(scale.row, 'cpuMicros')],
    [
      'heap of client and server, the end of a long row ÷ its beginning',
      'at most',
      1.2,
      scale && growth(scale.row, 'heapBytes'),
    ],
    ['errors of calls of 1 MB', 'at most', 0, scale?.megabyte.errors],
    ['bytes of a pending call', 'at most', 2000, scale?.bytesPerPendingCall],
    ['start with 200 topics, ms', 'at most', 3000, topics?.startMs],
    ['connections of client and server, 200 topics', 'at most', CONNECTIONS, topics?.connections],
    ['connections of client and server, 100 clients', 'at most', CONNECTIONS, scale?.clients.connections],
    ['channels of client and server, 200 topics', 'at most', MAX_CHANNELS, topics?.channels],
    ['the busiest of the servers ÷ their mean', 'at most', 1.5, processes?.mostOverMean],
    ['connections of one more service', 'at most', 2, one && Math.round(costOf(one, 'connections'))],
    ['services that are away 60 s after a restart of the broker', 'at most', 0, restart?.failed],
    ['services that are away 60 s after a cut', 'at most', 0, drop?.failed],
    ['all services serve again after a restart of the broker, ms', 'at most', 5000, restart?.servingAllMs],
    ['the same ÷ Python', 'at most', 1, restart && python && restart.servingAllMs / python.restart.servingAllMs],
    ...overloadGoals(overload),
    ['memory:// calls/s ÷ TCP', 'at least', 1, toTcp?.callsPerSecond],
    ['memory:// p50 ÷ TCP', 'at most', 1, toTcp?.p50Ms],
    ['memory:// p99 ÷ TCP', 'at most', 1, toTcp?.p99Ms],
    ['memory:// p99 ÷ TCP, 100 in flight', 'at most', 1, toTcp?.loadedP99Ms],
    ['memory:// CPU of a call ÷ TCP', 'at most', 1, toTcp?.cpuMicros],
    ['calls/s with traces and metrics ÷ without', 'at least', 0.85, observability?.callsToOff.all],
    ['calls/s with the explorer, no page open ÷ without', 'at least', 0.97, explorer?.callsToOff.registered],
    ['calls/s with a page of the explorer ÷ without', 'at least', 0.97, explorer?.callsToOff.page],
    ['memory:// calls/s ÷ RabbitMQ', 'at least', 10, memory?.callsToRabbit],
    ['import beyond Nest, ms of CPU', 'at most', 60, start?.imported.cpuMs],
    ['memory of an idle service of 20 topics beyond an empty one, MB', 'at most', 15, idleMegabytes(start)],
    ['the package, packed, MB', 'at most', 1, start && start.packed.bytes / 1e6],
    ...FAST_MEMORY.map((version): Goal => {
      return [
        `memory:// calls/s ÷ RabbitMQ, Node.js ${version}`,
        'at least',
        10,
        runtimes?.runtimes[version].memoryToRabbit,
      ];
    }),
    ['calls/s ÷ floor, Node.js 20', 'at least', 1.1, floors?.['20'].floor.callsPerSecond],
    ['p50 ÷ floor, one at a time, Node.js 20', 'at most', 1.1, floors?.['20'].floor.p50Ms],
    ...(['22', '24'] as const).flatMap((version) => goalsOfVersion(`Node.js ${version}`, floors?.[version])),
  ];
}

function goalsOfVersion(version: string, found: FloorsResult[keyof FloorsResult] | undefined): Goal[] {
  const { floor, weak } = found ?? {};
  return [
    [`calls/s ÷ floor, ${version}`, 'at least', 1.2, floor?.callsPerSecond],
    [`calls/s ÷ bare amqplib without guarantees, ${version}`, 'at least', 1, weak?.callsPerSecond],
    [`p50 ÷ floor, one at a time, ${version}`, 'at most', 1, floor?.p50Ms],
    [`p99 ÷ floor, one at a time, ${version}`, 'at most', 1, floor?.p99Ms],
    [`p99 ÷ floor, 100 in flight, ${version}`, 'at most', 1, floor?.loadedP99Ms],
  ];
}

function idleMegabytes(start: Results['start']): number | undefined {
  return start && Math.max(start.beyondEmpty.memory.rssBytes, start.beyondEmpty.rabbit.rssBytes) / 1e6;
}

function overloadGoals(overload: Results['overload']): Goal[] {
  const { oslo, 'oslo-computing': computing } = overload?.peers ?? {};
  const inTimeouts = (milliseconds: number | null | undefined) =>
    milliseconds && milliseconds / (overload?.timeoutMs ?? 0);
  return [
    ['answered in time ÷ capacity, overload', 'at least', 0.95, oslo?.goodput],
    ['answered in time ÷ capacity, overload of computing handlers', 'at least', 0.95, computing?.goodput],
    ['p99 of the answered ÷ timeout, overload', 'at most', 1, inTimeouts(oslo?.servedP99Ms)],
    ['p50 of the refused ÷ timeout, overload', 'at most', 0.5, inTimeouts(oslo?.refusedP50Ms)],
    ['calls without an answer ÷ calls, overload', 'at most', 0.05, oslo?.failed],
    ["growth of the server's memory, overload", 'at most', 1.1, oslo?.serverGrowth],
  ];
}

/** Least part of the floor's calls in a second, by size of the arguments in bytes. */
const PART_OF_FLOOR = new Map([
  [10_000, 0.9],
  [100_000, 0.75],
  [1_000_000, 0.85],
]);

function payloadGoals({ sizes }: NonNullable<Results['payload']>): Goal[] {
  return sizes.flatMap(({ callsTo: { floor, envelope }, ...kind }): Goal[] => {
    const name = `calls/s of ${kindText(kind)}`;
    // V8 escapes texts nearly as fast.
    const toEnvelope: Goal = [`${name} ÷ floor with envelope`, 'at least', kind.isText ? 0.95 : 1.05, envelope];
    const part = kind.isText ? undefined : PART_OF_FLOOR.get(kind.bytes);
    return part === undefined ? [toEnvelope] : [toEnvelope, [`${name} ÷ floor`, 'at least', part, floor]];
  });
}

/** Compares the highest heaps of the halves: the heap of one moment depends on how far the listener is behind. */
function soakGrowth(soak: readonly number[] | null | undefined): number | undefined {
  return soak ? Math.max(...soak.slice(soak.length / 2)) / Math.max(...soak.slice(0, soak.length / 2)) : undefined;
}

/** Returns the goals of the measured figures. A figure that is no number meets none. */
export function judge(results: Results): GoalResult[] {
  return goalsOf(results).flatMap(([goal, way, limit, value]) => {
    if (value === undefined || value === null) return [];
    const met = way === 'at least' ? value >= limit : value <= limit;
    return [{ goal: `${goal}: ${way} ${limit}`, value, met }];
  });
}
