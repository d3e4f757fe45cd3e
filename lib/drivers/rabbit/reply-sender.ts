import { LRUCache } from 'lru-cache';
import { BoundedTotal } from '../../core/bounded-total.js';
import type { Counters } from '../../core/counters.js';
import { Deadline } from '../../core/deadline.js';
import { encodeMessage } from '../../core/envelope.js';
import { ClientSendError, MessageDeliveryFailure, MessageUndeliverable, toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { oneLine } from '../../core/logger.js';
import { replyMessage } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import type { DriverContext } from '../driver-context.js';
import type { OutgoingReply, WaitingReply } from '../inbox/inbox-request.js';
import type { CallerWatch } from './caller-watch.js';
import { type EncodedReply, MissingReplyQueue, type PendingReply, type ReplyAttempt } from './missing-reply-queue.js';
import type { Publication } from './publishing/publication.js';
import { Nacked } from './publishing/publish-failures.js';
import { publishRefusalCode } from './publishing/publish-refusal.js';
import type { Publisher } from './publishing/publisher.js';
import { SlowReplies, UnconfirmedReply } from './slow-replies.js';

/** Time in milliseconds for which a reply to a missing queue is tried only once. */
const MISSING_TTL_MS = 60_000;

/** AMQP reply codes of refusals that another attempt would not change. */
const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;

/** Minimum time in milliseconds between two log lines that say that no reply can be sent. */
const ERROR_INTERVAL_MS = 60_000;

/** Sends replies. Retries while a reply queue is missing or full, and remembers the queues that stay missing. */
export class ReplySender {
  private readonly missing: LRUCache<string, true>;
  private readonly retried = new Map<string, MissingReplyQueue>();
  private readonly waiting: BoundedTotal;
  private readonly slow: SlowReplies;
  private closed = false;
  private loggedAt = Number.NEGATIVE_INFINITY;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    private readonly publisher: Publisher,
    private readonly callers: CallerWatch,
    { settings, counters }: DriverContext,
  ) {
    this.settings = settings;
    this.counters = counters;
    const { waitingReplies, waitingReplyBytes, missingReplyQueues } = settings.limits;
    this.waiting = new BoundedTotal(waitingReplies, waitingReplyBytes);
    this.slow = new SlowReplies(() => !publisher.isConnected, this.waiting);
    this.missing = new LRUCache({ max: missingReplyQueues, ttl: MISSING_TTL_MS, ttlResolution: 1000 });
  }

  /**
   * Publishes a reply. Resolves with nothing when the broker has confirmed it. Resolves with a waiting reply when its
   * queue is missing or full, or does not confirm it soon. A reply to a missing or full queue is retried until its
   * caller's deadline; for a missing queue, at most for `kombuMissingConsumerRetryTimeout`.
   * @throws ClientSendError when it cannot be written or is too large for the broker, MessageUndeliverable when it is not
   * retried, or when a heartbeat finds its caller gone, MessageDeliveryFailure when the broker cannot be reached
   */
  send(outgoing: OutgoingReply): Promise<WaitingReply | undefined> {
    return outgoing.lasting ? this.sendLasting(outgoing) : this.sendHeartbeat(outgoing);
  }

  /** Drops every reply that waits for its queue. */
  close(): void {
    this.closed = true;
    this.slow.close();
    this.callers.close();
    for (const queue of this.retried.values()) queue.close(new MessageUndeliverable('The transport was closed'));
    this.retried.clear();
  }

  private async sendHeartbeat({ queue, reply, expires, interval = 0 }: OutgoingReply): Promise<undefined> {
    const deliver = async () => {
      const uniqueId = newId();
      const body = encodeMessage(replyMessage(reply, uniqueId), this.settings.limits);
      try {
        await this.publish({ queue, uniqueId, body }, expires);
        return true;
      } catch (error) {
        if (error instanceof MessageUndeliverable) return false;
        throw error;
      }
    };
    if (await this.callers.reaches(queue, deliver, interval)) return undefined;
    throw new MessageUndeliverable(`The reply queue "${queue}" is missing, or has no consumer`);
  }

  private sendLasting({ queue, reply: given, expires }: OutgoingReply): Promise<WaitingReply | undefined> {
    const uniqueId = newId();
    const body = encodeMessage(replyMessage(given, uniqueId), this.settings.limits);
    const reply = { queue, uniqueId, body };
    return new Promise((resolve, reject) => {
      // Waits for an unreachable broker until the caller's deadline, but not that long for a missing queue.
      const deadline = Deadline.until(expires);
      const unconfirmed = new UnconfirmedReply(deadline.since, body.length, resolve, reject);
      this.slow.add(unconfirmed);
      this.publisher.send(publicationOf(reply), deadline, undefined, (error) => {
        this.slow.remove(unconfirmed);
        if (error === undefined) {
          if (this.missing.size > 0) this.missing.delete(queue);
          return unconfirmed.settle();
        }
        const reason = reasonToRetry(error, queue);
        if (!reason) return unconfirmed.fail(this.failureOf(error, queue));
        // A queue that is full exists, and so does its caller.
        const isFull = reason instanceof MessageDeliveryFailure && expires < Number.POSITIVE_INFINITY;
        const longest = isFull ? expires : unconfirmed.since + this.settings.rabbit.missingReplyQueueTimeout;
        unconfirmed.settle({ delivered: this.retry(reply, Math.min(expires, longest), reason) });
      });
    });
  }

  private publish(reply: EncodedReply, until: number): Promise<void> {
    return this.publisher.publish(publicationOf(reply), Deadline.until(until));
  }

  /** Returns the error for the server that the reply was to be sent by. */
  private failureOf(error: unknown, queue: string): Error {
    const failure = toError(error);
    switch (publishRefusalCode(failure.cause)) {
      case ACCESS_REFUSED:
        this.logOnce(failure);
        return new MessageUndeliverable(`No reply can be sent: ${failure.message}`, { cause: failure });
      case PRECONDITION_FAILED:
        return new ClientSendError(`The broker refused the reply to "${queue}". ${failure.message}`, {
          cause: failure,
        });
      default:
        return failure;
    }
  }

  private logOnce(failure: Error): void {
    const now = performance.now();
    if (now - this.loggedAt < ERROR_INTERVAL_MS) return;
    this.loggedAt = now;
    this.settings.logger.error(
      `No reply can be sent: ${oneLine(failure.message)}. Give the user write permission on the default exchange (rabbitmqctl set_permissions, "amq.default")`,
    );
  }

  private async retry(reply: EncodedReply, until: number, reason: Error): Promise<void> {
    const { queue, body } = reply;
    this.assertRoom(queue, until, body.length, reason);
    this.waiting.add(body.length);
    try {
      await new Promise<void>((resolve, reject) =>
        this.retriedQueue(queue, reason).add({ reply, until, resolve, reject }),
      );
    } finally {
      this.waiting.remove(body.length);
    }
  }

  /** @throws the reason when a retry is pointless, MessageUndeliverable when too many replies wait */
  private assertRoom(queue: string, until: number, size: number, reason: Error): void {
    if (this.closed || until <= performance.now() || this.missing.has(queue)) throw reason;
    if (this.waiting.exceededBy(size) === undefined) return;
    const { messages, bytes } = this.waiting;
    this.counters.count('overLimit');
    throw new MessageUndeliverable(
      `The reply queue "${queue}" is missing or full, and ${messages} replies of ${bytes} bytes wait for such queues already (limits.waitingReplies, limits.waitingReplyBytes)`,
    );
  }

  private retriedQueue(name: string, reason: Error): MissingReplyQueue {
    const known = this.retried.get(name);
    if (known) return known;
    const queue = new MissingReplyQueue(
      {
        attempt: (pending) => this.attempt(pending),
        end: (...ended) => this.end(name, ...ended),
      },
      reason,
    );
    this.retried.set(name, queue);
    return queue;
  }

  private async attempt({ reply, until, resolve, reject }: PendingReply): Promise<ReplyAttempt> {
    try {
      await this.publish(reply, until);
      resolve();
      return 'delivered';
    } catch (error) {
      const reason = this.closed ? undefined : reasonToRetry(error, reply.queue);
      if (reason) return reason;
      reject(this.failureOf(error, reply.queue));
      return 'failed';
    }
  }

  private end(name: string, milliseconds: number, reason: Error): void {
    this.retried.delete(name);
    const isMissing = reason instanceof MessageUndeliverable;
    if (isMissing && milliseconds >= this.settings.rabbit.missingReplyQueueTimeout) this.missing.set(name, true);
  }
}

function publicationOf({ queue, body, uniqueId }: EncodedReply): Publication {
  return { exchange: undefined, routingKey: queue, body, mandatoryId: uniqueId };
}

/** Returns why a queue does not take a reply for now; undefined when another attempt would not help. */
function reasonToRetry(error: unknown, queue: string): Error | undefined {
  if (error instanceof MessageUndeliverable) return new MessageUndeliverable(`The reply queue "${queue}" is missing`);
  return error instanceof MessageDeliveryFailure && error.cause instanceof Nacked ? error : undefined;
}
