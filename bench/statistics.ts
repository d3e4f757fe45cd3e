/** Median, lowest and highest value of a figure over all rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Spread of each figure of a round. */
export type Spreads<Round> = Record<keyof Round, Spread>;

/** Percentile by the nearest rank. `values` are sorted upwards, `part` is between 0 and 1. NaN without values. */
export function percentile(values: readonly number[], part: number): number {
  return values[Math.max(0, Math.ceil(values.length * part) - 1)] ?? Number.NaN;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

export function median(values: readonly number[]): number {
  return spread(values).median;
}

export function spreads<Round extends Record<keyof Round, number>>(rounds: readonly Round[]): Spreads<Round> {
  return perFigure(rounds, (round, name) => round[name]);
}

/** Ratio within each round, not of the medians: only figures measured within the same seconds compare. */
export function ratios<Round extends Record<keyof Round, number>>(
  upper: readonly Round[],
  lower: readonly Round[],
): Spreads<Round> {
  return perFigure(upper, (round, name, index) => round[name] / (lower[index]?.[name] ?? Number.NaN));
}

function perFigure<Round extends object>(
  rounds: readonly Round[],
  value: (round: Round, name: keyof Round, index: number) => number,
): Spreads<Round> {
  const names = Object.keys(rounds[0] ?? {}) as (keyof Round)[];
  const pairs = names.map((name) => [name, spread(rounds.map((round, index) => value(round, name, index)))]);
  return Object.fromEntries(pairs) as Spreads<Round>;
}
