import { ConfigurationError, DEATH, REASON } from '../../internal.js';
import { isDeadLettered, SUFFIX } from './death.js';
import type { ReadDeadLetter } from './read-dead-letter.js';

/** Part of the error for a message that is no dead letter. */
export const NOT_DEAD_LETTERED = 'holds a message that nobody has dead-lettered';

/**
 * Keeps a change away from the messages of a queue of work, whose name may have been mistaken for that of a dead-letter queue.
 * @param force true for any message
 * @throws ConfigurationError for a message that nobody has dead-lettered, in a queue that is not named as this library's are
 */
export function assertDeadLetter({ headers }: ReadDeadLetter, queue: string, force = false): void {
  if (force || queue.endsWith(SUFFIX) || isDeadLettered(headers, queue)) return;
  throw new ConfigurationError(
    `"${queue}" ${NOT_DEAD_LETTERED}: it has neither ${REASON} nor ${DEATH} in its headers. Only dead letters, and messages of queues named <queue>${SUFFIX}, are replayed or deleted`,
  );
}
