import { isDeepStrictEqual } from 'node:util';
import { stringifyJson } from '../../core/json.js';
import type { Peer } from './peer.js';

/** One thing that a peer must do, seen from outside. */
export interface Check {
  /** What `--only` takes. */
  readonly name: string;
  /** One line, what the check sees in a peer that is right. */
  readonly expects: string;
  /** A feature that a peer may say it lacks: then the check is skipped, with the reason that the peer gives. */
  readonly optional?: string;
  /** @throws CheckFailure, MessagingTimeout or MessageUndeliverable where the peer does something else */
  run(peer: Peer): Promise<void>;
}

/** Checks of one kind. */
export interface Theme {
  readonly theme: string;
  readonly checks: readonly Check[];
}

/** What a peer did instead. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** @throws CheckFailure unless the condition holds */
export function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new CheckFailure(otherwise);
}

/** @throws CheckFailure unless both are equal, member by member */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  expect(isDeepStrictEqual(actual, expected), `${what}: expected ${shown(expected)}, got ${shown(actual)}`);
}

/** A value for a message: as JSON, shortened. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : typeof value === 'number' ? String(value) : stringifyJson(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
