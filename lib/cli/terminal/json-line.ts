import { stringifyJson } from '../../internal.js';

/** Returns a result as one line of JSON. Integers of any size stay exact. */
export function toJsonLine(value: unknown): string {
  return `${stringifyJson(value)}\n`;
}
