import type { DeadLetterBroker } from './broker.js';
import type { DeadLetter } from './dead-letter.js';
import type { DeadLetterGroup, DeadLetterListing, DeadLetterQueueListing } from './dead-letter-listing.js';
import type { DeadLetterFilter, DeadLetterScope } from './dead-letter-options.js';
import { findQueues } from './find-queues.js';
import { groupIdOf, letterFilter } from './letter-filter.js';
import { readDeadLetter } from './read-dead-letter.js';
import { walkQueue } from './walk-queue.js';
import { boundsOf, lineOf, withBroker } from './with-broker.js';

/**
 * Looks at the dead-letter queues of a scope, without removing messages from them.
 * @throws ConfigurationError for a scope without queues, MessageDeliveryFailure when the broker cannot be reached
 */
export function listDeadLetters(
  scope: DeadLetterScope & { readonly filter?: DeadLetterFilter | undefined },
): Promise<DeadLetterListing> {
  const { matches, unknownGroup } = letterFilter(scope.filter);
  return withBroker(scope, async (broker) => {
    const queues: DeadLetterQueueListing[] = [];
    const unread: { queue: string; reason: string }[] = [];
    const names = await findQueues(broker, scope);
    for (const queue of names) {
      if (scope.signal?.aborted) break;
      try {
        queues.push(await lookAt(broker, queue, scope, matches));
      } catch (error) {
        // One queue may be exclusive, or forbidden. A queue that was asked for by its name is another matter.
        if (names.length === 1) throw error;
        unread.push({ queue, reason: lineOf(error) });
      }
    }
    return { queues, unread, unknownGroup: unknownGroup() };
  });
}

async function lookAt(
  broker: DeadLetterBroker,
  queue: string,
  scope: DeadLetterScope,
  matches: (letter: DeadLetter) => boolean,
): Promise<DeadLetterQueueListing> {
  const letters: DeadLetter[] = [];
  const { limits } = broker.settings;
  const walk = await walkQueue(broker, queue, boundsOf(scope, true), (raw) => {
    const { letter } = readDeadLetter(raw, queue, limits);
    if (matches(letter)) letters.push(letter);
    return 'keep';
  });
  const { type, total, read, isShared, notices } = walk;
  return { queue, type, total, read, groups: groupsOf(letters), letters, isShared, notices };
}

/** Groups dead letters by original queue, reason and method, the largest group first. */
export function groupsOf(letters: readonly DeadLetter[]): DeadLetterGroup[] {
  const groups = new Map<string, DeadLetterGroup>();
  for (const letter of letters) {
    const id = groupIdOf(letter);
    const { originalQueue, reason, kind, name, replays, at } = letter;
    const before = groups.get(id);
    groups.set(id, {
      id,
      originalQueue,
      reason,
      kind,
      name,
      count: (before?.count ?? 0) + 1,
      failedAgain: (before?.failedAgain ?? 0) + (replays > 0 ? 1 : 0),
      replays: Math.max(before?.replays ?? 0, replays),
      oldest: edge(Math.min, before?.oldest ?? null, at),
      newest: edge(Math.max, before?.newest ?? null, at),
      example: before?.example ?? letter,
    });
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
}

function edge(choose: (one: number, other: number) => number, before: number | null, at: number | null): number | null {
  if (before === null || at === null) return before ?? at;
  return choose(before, at);
}
