import type { FigureName } from './calls/summary.js';
import type { Results } from './parts.js';
import { growth } from './scale/row.js';

export interface GoalResult {
  goal: string;
  value: number;
  met: boolean;
}

interface Goal {
  goal: string;
  /** Undefined where the part was not run, or the peer not part of it. */
  value(results: Results): number | null | undefined;
  met: 'at least' | 'at most';
  limit: number;
}

/** How many times as many calls in a second as the best of the transports in use today answers. */
export const TIMES_THE_BEST = 2.2;

const CHANNELS_OF_A_BROKER = 2047;
/** Two processes, each with a connection to publish and one to consume. */
const CONNECTIONS = 4;

const toFloor = (figure: FigureName) => (results: Results) => results.calls?.ratios.floor?.[figure].median;

const calls: Goal[] = [
  { goal: 'calls/s ÷ floor', value: toFloor('callsPerSecond'), met: 'at least', limit: 1.2 },
  {
    goal: 'calls/s ÷ the best of the peers',
    value: ({ calls: it }) => (it?.best ? it.ratios[it.best]?.callsPerSecond.median : undefined),
    met: 'at least',
    limit: TIMES_THE_BEST,
  },
  { goal: 'p50 ÷ floor, one at a time', value: toFloor('p50Ms'), met: 'at most', limit: 1.1 },
  { goal: 'p99 ÷ floor, one at a time', value: toFloor('p99Ms'), met: 'at most', limit: 1 },
  { goal: 'p99 ÷ floor, 100 in flight', value: toFloor('loadedP99Ms'), met: 'at most', limit: 1 },
  { goal: 'client CPU of a call ÷ floor', value: toFloor('clientCpuMicros'), met: 'at most', limit: 1.3 },
  { goal: 'server CPU of a call ÷ floor', value: toFloor('serverCpuMicros'), met: 'at most', limit: 1.3 },
];

const notifications: Goal[] = [
  {
    goal: 'notifications published/s ÷ floor',
    value: ({ notifications: it }) => it?.ratio?.publishedPerSecond.median,
    met: 'at least',
    limit: 0.9,
  },
  {
    goal: 'notifications consumed/s ÷ floor',
    value: ({ notifications: it }) => it?.ratio?.consumedPerSecond.median,
    met: 'at least',
    limit: 0.9,
  },
  {
    goal: 'most heap in the second half of the batches ÷ in the first',
    value: ({ notifications: it }) => {
      const heaps = it?.soak?.memory.map(({ heapBytes }) => heapBytes);
      // What is in hand at a moment comes and goes with who of publisher and listener is ahead.
      const most = (part: readonly number[]) => Math.max(...part);
      return heaps && most(heaps.slice(heaps.length / 2)) / most(heaps.slice(0, heaps.length / 2));
    },
    met: 'at most',
    limit: 1.2,
  },
];

const scale: Goal[] = [
  {
    goal: 'calls lost, 10,000 in flight',
    value: ({ scale: it }) => it && it.inFlight.sent - it.inFlight.answered,
    met: 'at most',
    limit: 0,
  },
  {
    goal: 'cost of a call ÷ plain, 10,000 in flight',
    value: (it) => it.scale?.inFlight.cost,
    met: 'at most',
    limit: 1.2,
  },
  { goal: 'cost of a call ÷ plain, 200 topics', value: (it) => it.scale?.topics.cost, met: 'at most', limit: 1.2 },
  { goal: 'cost of a call ÷ floor, 200 topics', value: (it) => it.scale?.topics.toFloor, met: 'at most', limit: 1.3 },
  {
    goal: 'cost of a call ÷ plain, one of 200 topics',
    value: (it) => it.scale?.topicOfMany.cost,
    met: 'at most',
    limit: 1.2,
  },
  { goal: 'cost of a call ÷ plain, 100 clients', value: (it) => it.scale?.clients.cost, met: 'at most', limit: 1.2 },
  {
    goal: 'cost of a call, the end of a long row ÷ its beginning',
    value: ({ scale: it }) => it && growth(it.row, ({ cpuMicros }) => cpuMicros),
    met: 'at most',
    limit: 1.2,
  },
  {
    goal: 'heap of client and server, the end of a long row ÷ its beginning',
    value: ({ scale: it }) => it && growth(it.row, (slice) => slice.clientHeapBytes + slice.serverHeapBytes),
    met: 'at most',
    limit: 1.2,
  },
  { goal: 'errors of calls of 1 MB', value: (it) => it.scale?.megabyte.errors, met: 'at most', limit: 0 },
  { goal: 'bytes of a pending call', value: (it) => it.scale?.bytesPerPendingCall, met: 'at most', limit: 2000 },
  { goal: 'start with 200 topics, ms', value: (it) => it.scale?.topics.startMs, met: 'at most', limit: 3000 },
  {
    goal: 'connections of client and server, 200 topics',
    value: (it) => it.scale?.topics.connections,
    met: 'at most',
    limit: CONNECTIONS,
  },
  {
    goal: 'connections of client and server, 100 clients',
    value: (it) => it.scale?.clients.connections,
    met: 'at most',
    limit: CONNECTIONS,
  },
  {
    goal: 'channels of client and server, 200 topics',
    value: (it) => it.scale?.topics.channels,
    met: 'at most',
    limit: CHANNELS_OF_A_BROKER,
  },
];

const processes: Goal[] = [
  {
    goal: 'the busiest of the servers ÷ their mean',
    value: (it) => it.processes?.mostOverMean,
    met: 'at most',
    limit: 1.5,
  },
];

const memory: Goal[] = [
  { goal: 'memory:// calls/s ÷ TCP', value: (it) => it.memory?.toTcp.callsPerSecond, met: 'at least', limit: 1 },
  { goal: 'memory:// p50 ÷ TCP', value: (it) => it.memory?.toTcp.p50Ms, met: 'at most', limit: 1 },
  { goal: 'memory:// p99 ÷ TCP', value: (it) => it.memory?.toTcp.p99Ms, met: 'at most', limit: 1 },
  { goal: 'memory:// p99 ÷ TCP, 100 in flight', value: (it) => it.memory?.toTcp.loadedP99Ms, met: 'at most', limit: 1 },
  { goal: 'memory:// CPU of a call ÷ TCP', value: (it) => it.memory?.toTcp.cpuMicros, met: 'at most', limit: 1 },
  { goal: 'memory:// calls/s ÷ RabbitMQ', value: (it) => it.memory?.callsToRabbit, met: 'at least', limit: 10 },
];

const GOALS: readonly Goal[] = [...calls, ...notifications, ...scale, ...processes, ...memory];

/** What of the goals can be told from what was measured. A figure that is no number meets none. */
export function judge(results: Results): GoalResult[] {
  return GOALS.flatMap(({ goal, value: read, met: way, limit }) => {
    const value = read(results);
    if (value === undefined || value === null) return [];
    const met = way === 'at least' ? value >= limit : value <= limit;
    return [{ goal: `${goal}: ${way} ${limit}`, value, met }];
  });
}
