import type { Channel, ChannelModel } from 'amqplib';
import { INTERNAL_ERROR, replyCodeOf } from './reply-code.js';

const reasons = new WeakMap<object, Error>();

/** Operations in progress that report the end of their connection, by connection. */
const claims = new WeakMap<object, Set<(reason: Error) => boolean>>();

/** Remembers the error with which a connection ends, because its channels do not know it. */
export function rememberCloseReason(model: ChannelModel): void {
  model.on('error', (error: Error) => reasons.set(model.connection, error));
}

/** Returns the error with which the connection has ended; undefined while it is open, and after an orderly end. */
export function closeReasonOf({ connection }: Channel | ChannelModel): Error | undefined {
  return reasons.get(connection);
}

/**
 * Notes an operation that is itself the reason for some ends of its connection, and fails with them then.
 * @param isOwn returns true for such a reason
 * @returns a function that ends this
 */
export function claimClose({ connection }: Channel, isOwn: (reason: Error) => boolean): () => void {
  const all = claims.get(connection) ?? new Set();
  claims.set(connection, all.add(isOwn));
  return () => {
    all.delete(isOwn);
  };
}

/** Returns true where an operation in progress is the reason for the end of a connection. Its error says so. */
export function isClaimed({ connection }: ChannelModel, reason: Error): boolean {
  return [...(claims.get(connection) ?? [])].some((isOwn) => isOwn(reason));
}

/** Returns true for the end of a connection whose node could not do in time what needs the majority of its cluster. */
export function isClusterTimeout(reason: Error): boolean {
  return replyCodeOf(reason) === INTERNAL_ERROR && /timed out|timeout/i.test(reason.message);
}
