import type { Direction, Tick, Traffic } from '../../protocol.js';

/** Interval between ticks from which a line is broken, in milliseconds. */
const GAP_MS = 3500;

/** Values by the time of the ticks, in seconds; null where there is none. */
export interface Columns {
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Returns a number of a tick; null for none. */
export type Reading = (tick: Tick) => number | null;

/** Reads a number of the traffic of one direction, a second. */
export const perSecond =
  (direction: Direction, part: (traffic: Traffic) => number): Reading =>
  ({ traffic, elapsed }) => {
    const own = traffic[direction];
    return own ? (part(own) * 1000) / Math.max(1, elapsed) : null;
  };

/** Reads a number of the traffic of one direction, as it is. */
export const readingOf =
  (direction: Direction, part: (traffic: Traffic) => number | null): Reading =>
  ({ traffic }) => {
    const own = traffic[direction];
    return own ? part(own) : null;
  };

/** Returns the columns of a chart. Where ticks are missing, a line is broken. */
export function columnsOf(ticks: readonly Tick[], readings: readonly Reading[]): Columns {
  const times: number[] = [];
  const values: (number | null)[][] = readings.map(() => []);
  let last: number | undefined;
  for (const tick of ticks) {
    if (last !== undefined && tick.at <= last) continue;
    if (last !== undefined && tick.at - last > GAP_MS) {
      times.push((last + 1) / 1000);
      for (const column of values) column.push(null);
    }
    times.push(tick.at / 1000);
    for (const [index, reading] of readings.entries()) values[index]?.push(reading(tick));
    last = tick.at;
  }
  return { times, values };
}

/** Directions that occur in the ticks. */
export function directionsOf(ticks: readonly Tick[]): Direction[] {
  const all: readonly Direction[] = ['in', 'out', 'seen'];
  const recent = ticks.slice(-120);
  return all.filter((direction) => recent.some(({ traffic }) => traffic[direction] !== undefined));
}

/** Row of the table that stands for a chart: one minute. */
export interface MinuteRow {
  /** Begin of the minute, in milliseconds. */
  readonly at: number;
  /** Mean, or the maximum, of each column; null without a value. */
  readonly values: readonly (number | null)[];
}

/** Returns a row for each minute, the latest first. */
export function minutesOf({ times, values }: Columns, combine: 'mean' | 'max'): MinuteRow[] {
  const minutes = new Map<number, number[]>();
  for (const [index, time] of times.entries()) {
    const minute = Math.floor(time / 60) * 60_000;
    const indexes = minutes.get(minute) ?? [];
    indexes.push(index);
    minutes.set(minute, indexes);
  }
  return [...minutes]
    .map(([at, indexes]) => ({ at, values: values.map((column) => combined(column, indexes, combine)) }))
    .reverse();
}

function combined(
  column: readonly (number | null)[],
  indexes: readonly number[],
  combine: 'mean' | 'max',
): number | null {
  const known = indexes.flatMap((index) => column[index] ?? []);
  if (known.length === 0) return null;
  return combine === 'max' ? Math.max(...known) : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Latest value of a column, and its highest. */
export function summaryOf(column: readonly (number | null)[]): {
  readonly last: number | null;
  readonly max: number | null;
} {
  const known = column.flatMap((value) => value ?? []);
  return { last: column.at(-1) ?? null, max: known.length === 0 ? null : Math.max(...known) };
}
