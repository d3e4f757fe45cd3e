import { LRUCache } from 'lru-cache';
import { loggedMessage } from '../../core/thrown.js';
import type { PendingCall } from './pending-calls.js';

/** Maximum number of calls that are remembered. */
const MAX_CALLS = 4096;

/** Maximum length in characters of a reason that is kept. */
const MAX_REASON_LENGTH = 200;

/**
 * Reasons of the calls that were given up by their signals, until their deadlines: a server may start one of them later. The
 * oldest are forgotten first; their servers work until the deadline.
 */
export class AbortedCalls {
  /** Made for the first one: most callers never give up. */
  private reasons: LRUCache<string, string> | undefined;

  /** Remembers a call, and returns its reason as a text. */
  add({ msgId, deadline }: Pick<PendingCall, 'msgId' | 'deadline'>): string {
    const reason = loggedMessage(deadline.signal?.reason).slice(0, MAX_REASON_LENGTH);
    const left = Math.ceil(deadline.at - performance.now());
    if (left > 0) {
      this.reasons ??= new LRUCache({ max: MAX_CALLS });
      this.reasons.set(msgId, reason, { ttl: left });
    }
    return reason;
  }

  reasonOf(msgId: string): string | undefined {
    return this.reasons?.get(msgId);
  }
}
