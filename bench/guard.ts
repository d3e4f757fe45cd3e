import type { Results } from './parts/parts.js';
import { kindText } from './parts/payload.js';

/** Ratios of this library to its peers, by name. Above 1 is better, whatever the figure. */
export type Ratios = Record<string, number>;

/** Part of a ratio that may be lost before it counts as fallen. */
const TOLERANCE = 0.15;

/** Returns figures that a short run can tell from noise. The 99th percentiles are not among them. */
export function ratiosOf({ calls, payload, notifications, memory, floors, start, overload }: Results): Ratios {
  const floor = calls?.ratios.floor;
  const nest = calls?.ratios['nest-rmq'];
  const found = {
    'calls/s beside floor': floor?.callsPerSecond,
    'calls/s beside nest-rmq': nest?.callsPerSecond,
    'p50 beside floor': floor && 1 / floor.p50Ms,
    'client CPU beside floor': floor && 1 / floor.clientCpuMicros,
    'server CPU beside floor': floor && 1 / floor.serverCpuMicros,
    ...payloadRatios(payload),
    'notifications published beside floor': notifications?.ratio.publishedPerSecond,
    'notifications consumed beside floor': notifications?.ratio.consumedPerSecond,
    'answered in time beside capacity, overload': overload?.peers.oslo?.goodput,
    'memory:// calls/s beside TCP': memory?.toTcp.callsPerSecond,
    'memory:// p50 beside TCP': memory && 1 / memory.toTcp.p50Ms,
    'memory:// calls/s beside RabbitMQ': memory?.callsToRabbit,
    'calls/s beside floor, Node.js 20': floors?.['20'].floor.callsPerSecond,
    'p50 beside floor, Node.js 20': floors && 1 / floors['20'].floor.p50Ms,
    'calls/s beside floor, Node.js 22': floors?.['22'].floor.callsPerSecond,
    'p50 beside floor, Node.js 22': floors && 1 / floors['22'].floor.p50Ms,
    'calls/s beside floor without guarantees': floors?.['24'].weak.callsPerSecond,
    'CPU of Node.js and Nest beside that of the import': start && start.imported.beforeMs / start.imported.cpuMs,
    'heap of an empty service beside 20 topics': start && start.empty.heapBytes / start.memory.heapBytes,
  };
  return Object.fromEntries(Object.entries(found).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function payloadRatios(payload: Results['payload']): Record<string, number | undefined> {
  const rows = (payload?.sizes ?? []).flatMap(
    ({ callsTo: { floor, envelope }, ...kind }): [string, number | undefined][] => [
      [`calls/s of ${kindText(kind)} beside floor`, floor],
      [`calls/s of ${kindText(kind)} beside floor with envelope`, envelope],
    ],
  );
  return Object.fromEntries(rows);
}

/** Returns the names of the stored ratios that have fallen. A ratio that is no longer measured counts as fallen. */
export function fallen(stored: Ratios, now: Ratios): string[] {
  return Object.keys(stored).filter((name) => !((now[name] ?? 0) >= (stored[name] ?? 0) * (1 - TOLERANCE)));
}

/** Returns the better of two measurements of each ratio: a busy machine lowers one of them, the library both. */
export function better(one: Ratios, other: Ratios): Ratios {
  const names = Object.keys({ ...one, ...other });
  return Object.fromEntries(names.map((name) => [name, Math.max(one[name] || 0, other[name] || 0)]));
}
