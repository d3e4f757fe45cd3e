import type { PurgeOptions, PurgeResult } from './dead-letter-options.js';
import { findQueues } from './find-queues.js';
import { letterFilter } from './letter-filter.js';
import { assertDeadLetter } from './only-dead-letters.js';
import { readDeadLetter } from './read-dead-letter.js';
import { walkQueue } from './walk-queue.js';
import { boundsOf, lineOf, withBroker } from './with-broker.js';

/**
 * Deletes dead letters. Only messages that were read and matched are deleted: one that arrives meanwhile stays.
 * @throws as {@link listDeadLetters}; what stops it later is in the result
 */
export function purgeDeadLetters(options: PurgeOptions): Promise<PurgeResult> {
  const filter = letterFilter(options.filter);
  return withBroker(options, async (broker) => {
    const { limits } = broker.settings;
    const bounds = boundsOf(options, options.dryRun === true);
    const notices: string[] = [];
    let [matched, purged, left, interrupted] = [0, 0, 0, false];
    let error: string | null = null;
    const queues = await findQueues(broker, options);
    for (const queue of queues) {
      if (options.signal?.aborted || error !== null) break;
      const total = Math.min((await broker.depthOf(queue)) ?? 0, bounds.limit);
      let read = 0;
      try {
        const walk = await walkQueue(broker, queue, bounds, (raw) => {
          const letter = readDeadLetter(raw, queue, limits);
          const isMatch = filter.matches(letter.letter);
          if (isMatch) {
            assertDeadLetter(letter, queue, options.force);
            matched++;
          }
          const verdict = isMatch && !options.dryRun ? 'remove' : 'keep';
          if (verdict === 'remove') purged++;
          options.onProgress?.({ queue, read: ++read, total, done: purged, failed: 0 });
          return verdict;
        });
        left += walk.left;
        interrupted ||= walk.interrupted;
        notices.push(...walk.notices);
        if (walk.isLimited)
          notices.push(
            `The first ${walk.read} of ${walk.total} messages of "${queue}" were read: raise the limit for more`,
          );
      } catch (thrown) {
        if (queues.length === 1 && matched === 0) throw thrown;
        error = `${queue}: ${lineOf(thrown)}`;
      }
    }
    const unknown = { unknownIds: filter.unknownIds(), unknownGroup: filter.unknownGroup() };
    return { matched, purged, ...unknown, left, interrupted, error, notices };
  });
}
