import { ConfigurationError } from './errors.js';
import type { LogSink } from './logger.js';

/**
 * Duration: a number of **seconds**, or a string with a unit: `'250ms'`, `'30s'`, `'5m'`, `'1h'`. The maximum of Node's
 * timers, 2^31 − 1 ms (24.8 days), replaces a longer one.
 */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/;
/** Maximum delay of Node's timers, in milliseconds. A timer with a longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns a duration in milliseconds, and the maximum for a longer one.
 * @param name name of the option, for the error
 * @param max maximum, in milliseconds. Durations that are not used in a timer may exceed that of timers
 * @throws ConfigurationError when it is negative, not finite, or malformed
 */
export function toMilliseconds(value: Duration, name = 'duration', max = MAX_TIMER_MS): number {
  const match = typeof value === 'string' ? FORM.exec(value.trim()) : undefined;
  const [amount, unit] = match ? [Number(match[1]), UNITS[match[2] ?? 's'] ?? 1000] : [value, 1000];
  if (typeof amount !== 'number' || !Number.isFinite(amount) || amount < 0) {
    throw new ConfigurationError(
      `${name}: expected a number of seconds, or a string such as '250ms', '30s' or '5m'; got ${JSON.stringify(value) ?? String(value)}`,
    );
  }
  return Math.min(amount * unit, max);
}

/**
 * Names that a warning was logged for, by logger. Without them, a client that is prepared per call would warn each
 * time.
 */
const warned = new WeakMap<LogSink, Set<string>>();

/**
 * Returns a duration as {@link toMilliseconds} does. Logs a warning, once per name, for a bare number that looks like
 * milliseconds.
 */
export function readDuration(value: Duration, name: string, logger: LogSink): number {
  if (looksLikeMilliseconds(value)) warnOnce(value, name, logger);
  return toMilliseconds(value, name);
}

/** Returns true for a duration without a unit that is round in milliseconds but not in seconds: `30000`, not `3600`. */
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
