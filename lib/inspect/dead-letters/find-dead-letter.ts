import { ConfigurationError, maskSecrets } from '../../internal.js';
import type { DeadLetterContent } from './dead-letter.js';
import type { DeadLetterScope } from './dead-letter-options.js';
import { findQueues } from './find-queues.js';
import { type ReadDeadLetter, readDeadLetter } from './read-dead-letter.js';
import { walkQueue } from './walk-queue.js';
import { boundsOf, withBroker } from './with-broker.js';

/** Returns the error for an id that no dead letter has. */
export function unknownIdText(id: string): string {
  return `No dead letter has the id "${id}": list them first`;
}

/** Minimum length of the beginning of an id that names it. */
const MIN_ID = 4;

/**
 * Returns a dead letter with its content.
 * @param id id of the dead letter, or its beginning
 * @throws ConfigurationError where none has the id, or several have; else as {@link listDeadLetters}
 */
export function findDeadLetter(scope: DeadLetterScope, id: string): Promise<DeadLetterContent> {
  return withBroker(scope, async (broker) => {
    const { limits } = broker.settings;
    const found = new Map<string, ReadDeadLetter>();
    for (const queue of await findQueues(broker, scope)) {
      if (scope.signal?.aborted) break;
      await walkQueue(broker, queue, boundsOf(scope, true), (raw) => {
        const { letter } = readDeadLetter(raw, queue, limits, 0);
        if (id.length >= MIN_ID && letter.id.startsWith(id))
          found.set(letter.id, readDeadLetter(raw, queue, limits, limits.bodyBytes));
        return 'keep';
      });
    }
    const [one] = found.values();
    if (!one) throw new ConfigurationError(unknownIdText(id));
    if (found.size > 1) throw new ConfigurationError(`${found.size} dead letters have ids that begin with "${id}"`);
    const { letter, headers, message, damage } = one;
    return {
      ...letter,
      headers: maskSecrets(headers) as DeadLetterContent['headers'],
      message: maskSecrets(message) as DeadLetterContent['message'],
      damage,
      callerIsGone: letter.replyQueue !== null && !(await broker.exists(letter.replyQueue)),
    };
  });
}
