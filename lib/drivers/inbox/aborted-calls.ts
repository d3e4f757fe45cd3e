import { LRUCache } from 'lru-cache';
import { loggedMessage } from '../../core/thrown.js';
import type { PendingCall } from './pending-calls.js';

/** Maximum number of calls that are remembered. */
const MAX_CALLS = 4096;

/** Maximum length in characters of a reason that is kept. */
const MAX_REASON_LENGTH = 200;

interface AbortedCall {
  readonly reason: string;
  /** Deadline on the monotonic clock, in milliseconds. */
  readonly until: number;
}

/**
 * Reasons of the calls that were given up, until their deadlines: a server may start one of them later. The oldest are
 * forgotten first; their servers work until the deadline.
 */
export class AbortedCalls {
  /** Made for the first one: most callers never give up. */
  private known: LRUCache<string, AbortedCall> | undefined;

  /** Remembers a call, and returns the reason as a text. */
  add({ msgId, deadline }: Pick<PendingCall, 'msgId' | 'deadline'>, why: unknown): string {
    const reason = loggedMessage(why).slice(0, MAX_REASON_LENGTH);
    this.known ??= new LRUCache({ max: MAX_CALLS });
    this.known.set(msgId, { reason, until: deadline.at });
    return reason;
  }

  /** Returns the reason of a call whose deadline has not passed; undefined for any other one. */
  reasonOf(msgId: string): string | undefined {
    const call = this.known?.get(msgId);
    return call && call.until > performance.now() ? call.reason : undefined;
  }
}
