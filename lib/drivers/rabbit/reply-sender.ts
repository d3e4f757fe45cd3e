import { LRUCache } from 'lru-cache';
import type { Counters } from '../../core/counters.js';
import { Deadline } from '../../core/deadline.js';
import { encodeMessage } from '../../core/envelope.js';
import { ClientSendError, MessageDeliveryFailure, MessageUndeliverable, toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { oneLine } from '../../core/logger.js';
import type { Settings } from '../../core/options.js';
import { replyMessage } from '../../core/rpc-message.js';
import type { DriverContext } from '../driver-context.js';
import type { OutgoingReply, WaitingReply } from '../inbox/incoming-request.js';
import { type Attempt, type EncodedReply, MissingReplyQueue, type Postponed } from './missing-reply-queue.js';
import { Refused } from './publishing/publish-outcome.js';
import { publishRefusalCode } from './publishing/publish-refusal.js';
import type { Publisher } from './publishing/publisher.js';

/** For so many milliseconds a reply queue that stayed away gets one try for each reply, and no more. */
const GONE_FOR = 60_000;

/** The broker's refusals that no other try will change. */
const FORBIDDEN = 403;
const PRECONDITION_FAILED = 406;

/** For so many milliseconds it is not said again that no reply can be sent. */
const PAUSE_BETWEEN_ERRORS = 60_000;

/** Sends replies; outlasts a reply queue that is away or full for a while, and remembers those that stay away. */
export class ReplySender {
  private readonly gone: LRUCache<string, true>;
  private readonly away = new Map<string, MissingReplyQueue>();
  private messages = 0;
  private bytes = 0;
  private closed = false;
  private told = Number.NEGATIVE_INFINITY;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    private readonly publisher: Publisher,
    { settings, counters }: DriverContext,
  ) {
    this.settings = settings;
    this.counters = counters;
    this.gone = new LRUCache({ max: settings.limits.goneReplyQueues, ttl: GONE_FOR, ttlResolution: 1000 });
  }

  /**
   * Resolves when the broker has the reply, or with what tells of it later: its queue is away or full then, and it is
   * tried again until its caller gives up, or the window of a queue that is away ends.
   * @throws ClientSendError when it cannot be written, or the broker takes none of this size; MessageUndeliverable when it
   * is not tried again, MessageDeliveryFailure when the broker cannot be reached
   */
  send({ queue, reply: given, expires, lasting }: OutgoingReply): Promise<WaitingReply | undefined> {
    const uniqueId = newId();
    const body = encodeMessage(replyMessage(given, uniqueId), this.settings.limits);
    const reply = { queue, uniqueId, body };
    const until = Math.min(expires, performance.now() + this.settings.rabbit.missingReplyQueueTimeout);
    // An outage of the broker is waited for as long as the caller waits; the queue is not.
    return this.publish(reply, expires).then(
      () => {
        if (this.gone.size > 0) this.gone.delete(queue);
        return undefined;
      },
      (error: unknown) => {
        const reason = lasting ? passingReason(error, queue) : undefined;
        if (!reason) throw this.verdict(error, queue);
        // A queue that is full is there, and so is its caller.
        const isFull = reason instanceof MessageDeliveryFailure && expires < Number.POSITIVE_INFINITY;
        return { delivered: this.postpone(reply, isFull ? expires : until, reason) };
      },
    );
  }

  /** Drops what still waits. */
  close(): void {
    this.closed = true;
    for (const away of this.away.values()) away.close(new MessageUndeliverable('The transport was closed'));
    this.away.clear();
  }

  private publish({ queue, body, uniqueId }: EncodedReply, until: number): Promise<void> {
    return this.publisher.publish(
      { exchange: undefined, routingKey: queue, body, mandatoryId: uniqueId },
      Deadline.after(until - performance.now()),
    );
  }

  /** The broker's refusal, as those see it who wait for an answer. */
  private verdict(error: unknown, queue: string): Error {
    const failure = toError(error);
    switch (publishRefusalCode(failure.cause)) {
      case FORBIDDEN:
        this.tellOnce(failure);
        return new MessageUndeliverable(`The broker lets nobody be answered: ${failure.message}`, { cause: failure });
      case PRECONDITION_FAILED:
        return new ClientSendError(`The reply to ${queue} was refused. ${failure.message}`, { cause: failure });
      default:
        return failure;
    }
  }

  private tellOnce(failure: Error): void {
    const now = performance.now();
    if (now - this.told < PAUSE_BETWEEN_ERRORS) return;
    this.told = now;
    this.settings.logger.error(
      `No caller can be answered: ${oneLine(failure.message)}. The user needs write permission on the default exchange (rabbitmqctl set_permissions, "amq.default")`,
    );
  }

  private async postpone(reply: EncodedReply, until: number, reason: Error): Promise<void> {
    const { queue, body } = reply;
    this.assertWaiting(queue, until, body.length, reason);
    this.messages++;
    this.bytes += body.length;
    try {
      await new Promise<void>((resolve, reject) =>
        this.awayQueue(queue, reason).add({ reply, until, resolve, reject }),
      );
    } finally {
      this.messages--;
      this.bytes -= body.length;
    }
  }

  /** @throws MessageUndeliverable when there is no use in waiting, or no room */
  private assertWaiting(queue: string, until: number, size: number, reason: Error): void {
    const { limits } = this.settings;
    if (this.closed || until <= performance.now() || this.gone.has(queue)) throw reason;
    if (this.messages < limits.waitingReplies && this.bytes + size <= limits.waitingReplyBytes) return;
    this.counters.count('overLimit');
    throw new MessageUndeliverable(
      `The reply queue ${queue} takes nothing, and ${this.messages} replies of ${this.bytes} bytes wait for such queues already (limits.waitingReplies, limits.waitingReplyBytes)`,
    );
  }

  private awayQueue(name: string, reason: Error): MissingReplyQueue {
    const known = this.away.get(name);
    if (known) return known;
    const away = new MissingReplyQueue(
      {
        attempt: (postponed) => this.attempt(postponed),
        end: (...ended) => this.end(name, ...ended),
      },
      reason,
    );
    this.away.set(name, away);
    return away;
  }

  private async attempt({ reply, until, resolve, reject }: Postponed): Promise<Attempt> {
    try {
      await this.publish(reply, until);
      resolve();
      return 'delivered';
    } catch (error) {
      const reason = this.closed ? undefined : passingReason(error, reply.queue);
      if (reason) return reason;
      reject(this.verdict(error, reply.queue));
      return 'failed';
    }
  }

  private end(name: string, milliseconds: number, reason: Error): void {
    this.away.delete(name);
    const isAway = reason instanceof MessageUndeliverable;
    if (isAway && milliseconds >= this.settings.rabbit.missingReplyQueueTimeout) this.gone.set(name, true);
  }
}

/** Returns why a queue takes no reply for now; undefined where another try would not help. */
function passingReason(error: unknown, queue: string): Error | undefined {
  if (error instanceof MessageUndeliverable) return isGone(queue);
  return error instanceof MessageDeliveryFailure && error.cause instanceof Refused ? error : undefined;
}

function isGone(queue: string): MessageUndeliverable {
  return new MessageUndeliverable(`The reply queue ${queue} is gone`);
}
