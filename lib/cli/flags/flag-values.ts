import { ConfigurationError, toMilliseconds } from '../../internal.js';
import { UsageError } from '../exit-code.js';

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
