import { createHash } from 'node:crypto';
import { globToRegExp, toMilliseconds } from '../../internal.js';
import type { DeadLetter } from './dead-letter.js';
import type { DeadLetterFilter } from './dead-letter-options.js';
import { GroupSearch, type UnknownGroup } from './unknown-group.js';

/** Returns the id of the group of a dead letter. */
export function groupIdOf({ queue, originalQueue, reason, kind, name }: DeadLetter): string {
  const hash = createHash('sha256').update(JSON.stringify([queue, originalQueue, reason, kind, name]));
  return hash.digest('hex').slice(0, 8);
}

/** Conditions on dead letters, with a memory for the ids and groups that were seen. */
export interface LetterFilter {
  /** Returns true for a dead letter that matches. */
  readonly matches: (letter: DeadLetter) => boolean;
  /** Returns the wanted ids that no dead letter had so far. */
  readonly unknownIds: () => string[];
  /** Returns the wanted group where no dead letter belonged to it so far; else null. */
  readonly unknownGroup: () => UnknownGroup | null;
}

/** Returns a filter. @throws ConfigurationError for an age that is no duration */
export function letterFilter(filter: DeadLetterFilter = {}, now: number = Date.now()): LetterFilter {
  const { ids, group, reason, method, olderThan, newerThan } = filter;
  const wanted = ids && new Set(ids);
  const unknown = new Set(ids);
  const search = group === undefined ? undefined : new GroupSearch(group);
  const text = reason?.toLowerCase();
  const name = method === undefined ? undefined : globToRegExp(method);
  const latest =
    olderThan === undefined ? undefined : now - toMilliseconds(olderThan, 'olderThan', Number.POSITIVE_INFINITY);
  const earliest =
    newerThan === undefined ? undefined : now - toMilliseconds(newerThan, 'newerThan', Number.POSITIVE_INFINITY);
  const matches = (letter: DeadLetter) =>
    (wanted === undefined || wanted.has(letter.id)) &&
    (text === undefined || letter.reason.toLowerCase().includes(text)) &&
    (name === undefined || (letter.name !== null && name.test(letter.name))) &&
    (latest === undefined || (letter.at !== null && letter.at <= latest)) &&
    (earliest === undefined || (letter.at !== null && letter.at >= earliest));
  return {
    matches(letter) {
      unknown.delete(letter.id);
      const isOfGroup = search?.matches(groupIdOf(letter), letter.name) ?? true;
      return isOfGroup && matches(letter);
    },
    unknownIds: () => [...unknown],
    unknownGroup: () => search?.unknown() ?? null,
  };
}
