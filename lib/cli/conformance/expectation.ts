import { isDeepStrictEqual } from 'node:util';
import { stringifyJson } from '../../internal.js';

/** Error of a peer that behaves differently. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** Checks a condition. @throws CheckFailure with that text when it is false */
export function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new CheckFailure(otherwise);
}

/** Compares two values member by member. @throws CheckFailure when they differ */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  expect(isDeepStrictEqual(actual, expected), `${what}: expected ${shown(expected)}, got ${shown(actual)}`);
}

/** Returns a value as JSON, shortened, for a message. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : typeof value === 'number' ? String(value) : stringifyJson(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
