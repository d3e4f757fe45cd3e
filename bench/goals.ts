import { type CallsRound, TIMES_THE_BEST } from './parts/calls.js';
import type { Results } from './parts/parts.js';
import { cpuGrowth, heapGrowth } from './parts/scale.js';

export interface GoalResult {
  goal: string;
  value: number;
  met: boolean;
}

type Part<Name extends keyof Results> = NonNullable<Results[Name]>;

/** A limit of a figure. The figure is undefined or null where it was not measured. */
type Goal<Name extends keyof Results> = readonly [
  goal: string,
  way: 'at least' | 'at most',
  limit: number,
  read: (part: Part<Name>) => number | null | undefined,
];

const MAX_CHANNELS = 2047;
/** Two processes, each with a connection to publish and one to consume. */
const CONNECTIONS = 4;

const toFloor = (name: keyof CallsRound) => (calls: Part<'calls'>) => calls.ratios.floor?.[name].median;

const GOALS: { readonly [Name in keyof Results]: readonly Goal<Name>[] } = {
  calls: [
    ['calls/s ÷ floor', 'at least', 1.2, toFloor('callsPerSecond')],
    [
      'calls/s ÷ the best of the peers',
      'at least',
      TIMES_THE_BEST,
      ({ best, ratios }) => best && ratios[best]?.callsPerSecond.median,
    ],
    ['p50 ÷ floor, one at a time', 'at most', 1.1, toFloor('p50Ms')],
    ['p99 ÷ floor, one at a time', 'at most', 1, toFloor('p99Ms')],
    ['p99 ÷ floor, 100 in flight', 'at most', 1, toFloor('loadedP99Ms')],
    ['client CPU of a call ÷ floor', 'at most', 1.3, toFloor('clientCpuMicros')],
    ['server CPU of a call ÷ floor', 'at most', 1.3, toFloor('serverCpuMicros')],
  ],
  notifications: [
    ['notifications published/s ÷ floor', 'at least', 0.9, ({ ratio }) => ratio.publishedPerSecond.median],
    ['notifications consumed/s ÷ floor', 'at least', 0.9, ({ ratio }) => ratio.consumedPerSecond.median],
    ['most heap in the second half of the batches ÷ in the first', 'at most', 1.2, soakGrowth],
  ],
  scale: [
    ['calls lost, 10,000 in flight', 'at most', 0, ({ inFlight }) => inFlight.sent - inFlight.answered],
    ['cost of a call ÷ plain, 10,000 in flight', 'at most', 1.2, ({ inFlight }) => inFlight.cost],
    ['cost of a call ÷ plain, 200 topics', 'at most', 1.2, ({ topics }) => topics.cost],
    ['cost of a call ÷ floor, 200 topics', 'at most', 1.3, ({ topics }) => topics.toFloor],
    ['cost of a call ÷ plain, one of 200 topics', 'at most', 1.2, ({ topicOfMany }) => topicOfMany.cost],
    ['cost of a call ÷ plain, 100 clients', 'at most', 1.2, ({ clients }) => clients.cost],
    ['cost of a call, the end of a long row ÷ its beginning', 'at most', 1.2, cpuGrowth],
    ['heap of client and server, the end of a long row ÷ its beginning', 'at most', 1.2, heapGrowth],
    ['errors of calls of 1 MB', 'at most', 0, ({ megabyte }) => megabyte.errors],
    ['bytes of a pending call', 'at most', 2000, ({ bytesPerPendingCall }) => bytesPerPendingCall],
    ['start with 200 topics, ms', 'at most', 3000, ({ topics }) => topics.startMs],
    ['connections of client and server, 200 topics', 'at most', CONNECTIONS, ({ topics }) => topics.connections],
    ['connections of client and server, 100 clients', 'at most', CONNECTIONS, ({ clients }) => clients.connections],
    ['channels of client and server, 200 topics', 'at most', MAX_CHANNELS, ({ topics }) => topics.channels],
  ],
  processes: [['the busiest of the servers ÷ their mean', 'at most', 1.5, ({ mostOverMean }) => mostOverMean.max]],
  memory: [
    ['memory:// calls/s ÷ TCP', 'at least', 1, ({ toTcp }) => toTcp.callsPerSecond],
    ['memory:// p50 ÷ TCP', 'at most', 1, ({ toTcp }) => toTcp.p50Ms],
    ['memory:// p99 ÷ TCP', 'at most', 1, ({ toTcp }) => toTcp.p99Ms],
    ['memory:// p99 ÷ TCP, 100 in flight', 'at most', 1, ({ toTcp }) => toTcp.loadedP99Ms],
    ['memory:// CPU of a call ÷ TCP', 'at most', 1, ({ toTcp }) => toTcp.cpuMicros],
    ['memory:// calls/s ÷ RabbitMQ', 'at least', 10, ({ callsToRabbit }) => callsToRabbit],
  ],
};

/** Compares the highest heaps of the halves: the heap of one moment depends on how far the listener is behind. */
function soakGrowth({ soak }: Part<'notifications'>): number | undefined {
  const half = (soak?.length ?? 0) / 2;
  return soak ? Math.max(...soak.slice(half)) / Math.max(...soak.slice(0, half)) : undefined;
}

/** Returns the goals of the measured figures. A figure that is no number meets none. */
export function judge(results: Results): GoalResult[] {
  const names = Object.keys(GOALS) as (keyof Results)[];
  return names.flatMap((name) => {
    const part = results[name];
    const goals = (GOALS[name] ?? []) as readonly Goal<typeof name>[];
    return goals.flatMap(([goal, way, limit, read]) => {
      const value = part && read(part as never);
      if (value === undefined || value === null) return [];
      const met = way === 'at least' ? value >= limit : value <= limit;
      return [{ goal: `${goal}: ${way} ${limit}`, value, met }];
    });
  });
}
