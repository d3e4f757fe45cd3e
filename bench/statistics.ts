/** Figures of a round, by name. */
type Figures<Round> = Record<keyof Round, number>;

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Percentile by the nearest rank. `values` are sorted upwards, `part` is between 0 and 1. NaN without values. */
export function percentile(values: readonly number[], part: number): number {
  return values[Math.max(0, Math.ceil(values.length * part) - 1)] ?? Number.NaN;
}

/** NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Returns the median of each figure over all rounds. */
export function medians<Round extends Figures<Round>>(rounds: readonly Round[]): Figures<Round> {
  const [first] = rounds;
  if (!first) throw new Error('no round was measured');
  return mapValues(first, (_, name) => median(rounds.map((round) => round[name])));
}

/** Median of the ratio within each round, not of the medians: only figures of the same seconds compare. */
export function ratios<Round extends Figures<Round>>(upper: readonly Round[], lower: readonly Round[]): Figures<Round> {
  const ratio = (name: keyof Round) =>
    median(upper.map((it, index) => it[name] / (lower[index]?.[name] ?? Number.NaN)));
  return mapValues(medians(upper), (_, name) => ratio(name));
}

/** Returns an object with the same keys. */
export function mapValues<Item extends object, Value>(
  item: Item,
  value: (value: Item[keyof Item], key: keyof Item) => Value,
): Record<keyof Item, Value> {
  const keys = Object.keys(item) as (keyof Item)[];
  return Object.fromEntries(keys.map((key) => [key, value(item[key], key)])) as Record<keyof Item, Value>;
}
