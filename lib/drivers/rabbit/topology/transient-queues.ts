import type { ChannelModel } from 'amqplib';
import { brokerVersion } from '../connection/broker-version.js';
import { closeReasonOf } from '../connection/close-reason.js';
import { probeQueue } from '../connection/probe-queue.js';
import { INTERNAL_ERROR, replyCodeOf } from '../connection/reply-code.js';

/** First version whose configuration can deny transient queues. */
const FIRST_DENYING_VERSION = 3.12;

/** Time in milliseconds after which the broker deletes the queue of a probe that was cut short. */
const PROBE_EXPIRES_MS = 60_000;

/** Returns true for the error with which a broker closes the connection that has declared a transient queue. */
export function isDenial(error: Error | undefined): error is Error {
  return replyCodeOf(error) === INTERNAL_ERROR && error !== undefined && /transient_nonexcl_queues/.test(error.message);
}

/**
 * Asks a broker whether it permits transient queues that are not exclusive, by declaring one: it has no method that tells.
 * @returns the error with which it has closed the connection; undefined where it permits them, or the user may not declare
 */
export async function findDenial(model: ChannelModel): Promise<Error | undefined> {
  if (brokerVersion(model) < FIRST_DENYING_VERSION) return undefined;
  const args = { 'x-expires': PROBE_EXPIRES_MS };
  try {
    await probeQueue(model, { durable: false, autoDelete: false, exclusive: false, arguments: args });
    return undefined;
  } catch {
    // Whatever else is wrong shows again with the first declaration.
    const reason = closeReasonOf(model);
    return isDenial(reason) ? reason : undefined;
  }
}
