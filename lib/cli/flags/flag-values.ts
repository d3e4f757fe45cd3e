import { ConfigurationError, httpUrl, redactUrl, toMilliseconds } from '../../internal.js';
import { UsageError } from '../exit-code.js';

const MAX_COUNT = 1_000_000_000;

/** Longest `--for`, in milliseconds: 24 days. A timer of Node.js has no more. */
const MAX_FOR_MS = 24 * 24 * 3_600_000;

/**
 * Returns the milliseconds of a duration on the command line.
 * @param flag its name, such as `--delay`
 * @throws UsageError
 */
export function milliseconds(text: string, flag: string): number {
  try {
    return toMilliseconds(text, flag);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(error.message);
    throw error;
  }
}

/** Returns a whole number on the command line. @throws UsageError for any other text, or beyond `min` to `max` */
export function wholeNumber(text: string, flag: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${flag}: expected a whole number of ${min} to ${max}; got "${text.slice(0, 40)}"`);
}

/** Returns the number of `--count`; infinity without the flag. @throws UsageError */
export function countOf(text: string | undefined): number {
  return text === undefined ? Number.POSITIVE_INFINITY : wholeNumber(text, '--count', 1, MAX_COUNT);
}

/** Returns the milliseconds of `--for`; undefined without the flag. @throws UsageError */
export function timeLimitOf(text: string | undefined, max: number = MAX_FOR_MS): number | undefined {
  if (text === undefined) return undefined;
  const value = milliseconds(text, '--for');
  if (value > 0 && value <= max) return value;
  throw new UsageError(`--for: expected more than 0, and at most ${max / 3_600_000} h; got "${text.slice(0, 40)}"`);
}

const PER_SECOND: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Returns the messages a second of `--rate`: `10`, `10/s` or `600/m`. @throws UsageError for any other text, or above `max` */
export function rateOf(text: string, max: number = Number.POSITIVE_INFINITY): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(?:\/([smh]))?$/.exec(text) ?? [];
  const rate = Number(digits) / (PER_SECOND[unit] ?? Number.NaN);
  if (rate > 0 && rate <= max) return rate;
  const limit = Number.isFinite(max) ? `, at most ${max}/s` : '';
  throw new UsageError(`--rate: expected more than 0 such as 10, 10/s or 600/m${limit}; got "${text.slice(0, 40)}"`);
}

/** Returns a share on the command line, `5%` or `0.05`, as a number of 0 to 1. @throws UsageError */
export function share(text: string, flag: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text) ?? [];
  const value = digits === undefined ? Number.NaN : Number(digits) / (percent ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new UsageError(`${flag}: expected a share such as 5% or 0.05; got "${text.slice(0, 40)}"`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, ki: 1024, m: 2 ** 20, mi: 2 ** 20 };

/** Returns a number of bytes on the command line, such as `512`, `4k` or `1M`. @throws UsageError */
export function byteCount(text: string, flag: string, max: number): number {
  const [, digits, unit = ''] = /^(\d+)\s*([km]i?)?b?$/i.exec(text) ?? [];
  const value = Number(digits ?? Number.NaN) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (value <= max) return value;
  throw new UsageError(
    `${flag}: expected a size of up to ${max} bytes, such as 512, 4k or 1M; got "${text.slice(0, 40)}"`,
  );
}

/** Returns the URL of `--management-url`; empty for none. @throws UsageError for another text, whose password is not shown */
export function managementUrlOf(text: string): string {
  const expected = text === '' ? undefined : httpUrl(text, '--management-url');
  if (expected === undefined) return text;
  throw new UsageError(`--management-url: expected ${expected}; got "${redactUrl(text).slice(0, 40)}"`);
}
