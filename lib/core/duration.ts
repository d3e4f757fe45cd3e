import { ConfigurationError } from './errors.js';

/** A length of time: a number of **seconds**, or a string with a unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/;
/** The longest delay that Node's timers take; a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * A duration in milliseconds.
 *
 * @param name what the duration is for, named in the error
 * @throws ConfigurationError when it is negative, not finite, or not of the form above
 */
export function toMilliseconds(value: Duration, name = 'duration'): number {
  const match = typeof value === 'string' ? FORM.exec(value.trim()) : undefined;
  const milliseconds =
    typeof value === 'number' ? value * 1000 : match ? Number(match[1]) * (UNITS[match[2] ?? 's'] ?? 1000) : Number.NaN;
  if (!Number.isFinite(milliseconds) || milliseconds < 0) {
    throw new ConfigurationError(
      `${name}: expected a number of seconds, or a string such as '250ms', '30s' or '5m'; got ${JSON.stringify(value) ?? String(value)}`,
    );
  }
  return milliseconds;
}
