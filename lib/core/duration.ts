import { ConfigurationError } from './errors.js';
import type { LogSink } from './logger.js';

/**
 * A length of time: a number of **seconds**, or a string with a unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`. A wait of more
 * than 2^31 − 1 ms (24.8 days, the longest that Node's timers take) is cut to that.
 */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/;
/** The longest delay that Node's timers take; a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A duration in milliseconds, cut to the longest that is taken.
 *
 * @param name what the duration is for, named in the error
 * @param longest milliseconds of the longest; what becomes no timer may be longer than one
 * @throws ConfigurationError when it is negative, not finite, or not of the form above
 */
export function toMilliseconds(value: Duration, name = 'duration', longest = MAX_TIMER_MS): number {
  const match = typeof value === 'string' ? FORM.exec(value.trim()) : undefined;
  const [amount, unit] = match ? [Number(match[1]), UNITS[match[2] ?? 's'] ?? 1000] : [value, 1000];
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0) {
    throw new ConfigurationError(
      `${name}: expected a number of seconds, or a string such as '250ms', '30s' or '5m'; got ${JSON.stringify(value) ?? String(value)}`,
    );
  }
  return Math.min(amount * unit, longest);
}

/** Names that have been warned about, by logger: a client is prepared for each call. */
const warned = new WeakMap<LogSink, Set<string>>();

/** {@link toMilliseconds}, with a warning, once for each name, about a bare number that is rather one of milliseconds. */
export function readDuration(value: Duration, name: string, logger: LogSink): number {
  if (looksLikeMilliseconds(value)) warnOnce(value, name, logger);
  return toMilliseconds(value, name);
}

/** Tells whether a duration has no unit, and is a round number of milliseconds, but of no use as one of seconds: `30000`, not `3600`. */
function looksLikeMilliseconds(value: Duration): boolean {
  const bare = typeof value === 'string' ? Number(value) : value;
  return bare >= 1000 && bare <= MAX_TIMER_MS && bare % 1000 === 0 && bare % 3600 !== 0;
}

function warnOnce(value: Duration, name: string, logger: LogSink): void {
  const names = warned.get(logger) ?? new Set<string>();
  if (names.has(name)) return;
  warned.set(logger, names.add(name));
  logger.warn(
    `${name}: ${value} is a number of seconds; write '${value}ms' if milliseconds are meant, or '${value}s' if not`,
  );
}
