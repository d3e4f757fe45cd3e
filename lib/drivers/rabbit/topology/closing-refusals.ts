import type { Channel } from 'amqplib';
import { channelLimitIn } from '../connection/channel-budget.js';
import { claimClose, closeReasonOf } from '../connection/close-reason.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { isTransient, type Resource } from './resource.js';
import { isDenial } from './transient-queues.js';

/** AMQP reply codes of permanent refusals for which a broker closes the connection: COMMAND_INVALID, NOT_ALLOWED, NOT_IMPLEMENTED. */
const REFUSALS: readonly unknown[] = [503, 530, 540];

interface UnderWay {
  /** True where another declaration was under way at the same time. */
  accompanied: boolean;
}

/** Finds the declaration for which a broker has closed a connection. The broker does not always name it. */
export class ClosingRefusals {
  private readonly underWay = new WeakMap<object, Set<UnderWay>>();

  /** Runs a declaration. @throws its error; the reason for the end of the connection where the declaration is the reason */
  async run(channel: Channel, resource: Resource, declaration: () => Promise<unknown>): Promise<void> {
    // A connection that has ended before was not closed for this declaration.
    const before = closeReasonOf(channel);
    const all = this.underWay.get(channel.connection) ?? new Set();
    this.underWay.set(channel.connection, all);
    const own = { accompanied: all.size > 0 };
    for (const other of all) other.accompanied = true;
    all.add(own);
    const release = claimClose(channel, (reason) => isAbout(reason, resource, own));
    try {
      await declaration();
    } catch (error) {
      const reason = closeReasonOf(channel);
      throw reason && reason !== before && isAbout(reason, resource, own) ? reason : error;
    } finally {
      release();
      all.delete(own);
    }
  }
}

function isAbout(reason: Error, { kind, name, asked }: Resource, { accompanied }: UnderWay): boolean {
  const { message } = reason;
  if (isDenial(reason)) return kind === 'queue' && isTransient(asked);
  // It is about a channel, and ends with the next connection.
  if (channelLimitIn(reason) !== undefined) return false;
  return REFUSALS.includes(replyCodeOf(reason)) && (!accompanied || message.includes(`'${name}'`));
}
