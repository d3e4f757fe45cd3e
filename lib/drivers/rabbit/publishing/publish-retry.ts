import { type Backoff, backoffDelay } from '../../../core/backoff.js';
import { MessageDeliveryFailure, MessageUndeliverable, MessagingException, toError } from '../../../core/errors.js';
import { replyCodeOf } from '../connection/reply-code.js';
import { DeclareAgain, DeclareRefused } from '../topology/declarer.js';
import { ConfirmLost, Lost, Nacked, nackedTwice, Refused, Unprocessed } from './publish-failures.js';
import { NOT_FOUND } from './publish-refusal.js';

/** Delays before a message is published again while attempts keep failing. Without jitter, so that the order stays. */
export const RETRY_BACKOFF: Backoff = { first: 50, growth: { step: 50 }, cap: 1000 };

/** Delay in milliseconds before a message is published again to a queue that is expected back. */
export const EXPECTED_QUEUE_DELAY_MS = 250;

/** State of a message whose attempt failed. The counts are those before this attempt. */
export interface PublishHistory {
  readonly routingKey: string;
  /** Failed attempts that count against `retry`. */
  readonly failures: number;
  /** Refusals by a queue (`basic.nack`). */
  readonly nacks: number;
  /** Returns by the broker (`basic.return`). */
  readonly returns: number;
  /** Failures to tolerate; undefined or negative is any number. */
  readonly retry: number | undefined;
  /** True while the connection is open. */
  readonly connected: boolean;
  /** True after the deadline. */
  readonly expired: boolean;
  /** True once the transport is closed. */
  readonly closed: boolean;
  /** True when the publisher declares the message's queue itself. */
  readonly declaresQueue: boolean;
  /** True when a server is expected to declare the message's queue again soon. */
  readonly queueExpected: boolean;
}

/** Next step after a failed attempt. Delays are in milliseconds. */
export type PublishDecision =
  | { readonly action: 'again' }
  | { readonly action: 'redeclare'; readonly delay: number }
  | { readonly action: 'otherChannel' }
  | { readonly action: 'wait'; readonly delay: number }
  | { readonly action: 'giveUp'; readonly error: Error };

/** Kinds of failure that are decided on differently. */
type Kind =
  | 'unprocessed'
  | 'adopted'
  | 'nacked'
  | 'returned'
  | 'vanished'
  | 'lost'
  | 'confirmLost'
  | 'refused'
  | 'final'
  | 'other';

type Rule = (error: unknown, history: PublishHistory) => PublishDecision;

const AGAIN: PublishDecision = { action: 'again' };
const giveUp = (error: Error): PublishDecision => ({ action: 'giveUp', error });

const RULES: Readonly<Record<Kind, Rule>> = {
  unprocessed: () => AGAIN,
  // The next declaration uses what is there.
  adopted: () => AGAIN,
  nacked: (error, { nacks, expired, routingKey }) =>
    nacks > 0 || expired ? giveUp(nackedTwice({ routingKey }, toError(error))) : { action: 'otherChannel' },
  returned: (error, { expired, closed, declaresQueue, queueExpected, returns }) => {
    if (expired || closed) return giveUp(toError(error));
    if (declaresQueue) return { action: 'redeclare', delay: delayAfter(returns) };
    return queueExpected ? { action: 'wait', delay: EXPECTED_QUEUE_DELAY_MS } : giveUp(toError(error));
  },
  // A fanout exchange goes with its last queue. The broker closes the channel then.
  vanished: (error, history) =>
    isExhausted(history) ? giveUp(notTaken(error)) : { action: 'redeclare', delay: delayAfter(history.failures) },
  lost: (error, history) => {
    if (history.closed) return giveUp(perhapsDelivered('The transport was closed', error));
    return isExhausted(history) ? giveUp(notTaken(error)) : waitAfter(history.failures);
  },
  confirmLost: (error) => giveUp(perhapsDelivered('The broker closed the channel because of another message', error)),
  refused: (error) => giveUp(notTaken(error)),
  final: (error) => giveUp(toError(error)),
  other: (error, history) => (isExhausted(history) ? giveUp(notTaken(error)) : waitAfter(history.failures)),
};

/** Decides what follows a failed attempt to publish. */
export function decide(error: unknown, history: PublishHistory): PublishDecision {
  return RULES[kindOf(error)](error, history);
}

/** Counts of {@link PublishHistory}. */
export type PublishCounts = Pick<PublishHistory, 'failures' | 'nacks' | 'returns'>;

/** Returns the counts with one more failure. */
export function countFailure(counts: PublishCounts, error: unknown): PublishCounts {
  switch (kindOf(error)) {
    case 'nacked':
      return { ...counts, nacks: counts.nacks + 1 };
    case 'returned':
      return { ...counts, returns: counts.returns + 1 };
    case 'vanished':
    case 'lost':
    case 'other':
      return { ...counts, failures: counts.failures + 1 };
    default:
      return counts;
  }
}

/** Returns true when a queue may have the message already, so that the next attempt must carry `x-published-again`. */
export function mayBeQueued(error: unknown): boolean {
  return error instanceof Lost || error instanceof Nacked;
}

function kindOf(error: unknown): Kind {
  if (error instanceof Unprocessed) return 'unprocessed';
  if (error instanceof DeclareAgain) return 'adopted';
  if (error instanceof Nacked) return 'nacked';
  if (error instanceof MessageUndeliverable) return 'returned';
  if (error instanceof MessagingException) return 'final';
  if (error instanceof DeclareRefused) return 'refused';
  if (error instanceof Refused) return replyCodeOf(error.cause) === NOT_FOUND ? 'vanished' : 'refused';
  if (error instanceof ConfirmLost) return 'confirmLost';
  return error instanceof Lost ? 'lost' : 'other';
}

/** The first failure on an open connection is free: the broker may have closed a channel that was open for long. */
function isExhausted({ failures, retry, connected, expired, closed }: PublishHistory): boolean {
  const isFree = failures === 0 && connected;
  return expired || closed || (retry !== undefined && retry >= 0 && failures >= retry && !isFree);
}

function waitAfter(failures: number): PublishDecision {
  return failures === 0 ? AGAIN : { action: 'wait', delay: delayAfter(failures) };
}

function delayAfter(failures: number): number {
  return failures === 0 ? 0 : backoffDelay(RETRY_BACKOFF, failures - 1);
}

function notTaken(error: unknown): MessageDeliveryFailure {
  const isWrapped = error instanceof Refused || error instanceof Lost;
  const cause = toError(isWrapped ? (error.cause ?? error) : error);
  return new MessageDeliveryFailure(`The broker did not accept the message: ${cause.message}`, { cause });
}

function perhapsDelivered(what: string, error: unknown): MessageDeliveryFailure {
  return new MessageDeliveryFailure(`${what} before the broker confirmed the message; it may have been delivered`, {
    cause: toError(error),
  });
}
