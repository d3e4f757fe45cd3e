import { LRUCache } from 'lru-cache';
import { Deadline } from '../../core/deadline.js';
import { MessageUndeliverable, toError } from '../../core/errors.js';
import { encodeMessage, newId, replyMessage } from '../../core/message.js';
import type { Settings } from '../../core/options.js';
import type { OutgoingReply, WaitingReply } from '../incoming-request.js';
import { type Attempt, AwayQueue, type EncodedReply, type Postponed } from './away-queue.js';
import type { Publisher } from './publisher.js';

/** For so many milliseconds a reply queue that stayed away gets one try for each reply, and no more. */
const GONE_FOR = 60_000;

/** Sends replies; outlasts a reply queue that is away for a while, and remembers those that stay away. */
export class ReplySender {
  private readonly gone: LRUCache<string, true>;
  private readonly away = new Map<string, AwayQueue>();
  private messages = 0;
  private bytes = 0;
  private closed = false;

  constructor(
    private readonly publisher: Publisher,
    private readonly settings: Settings,
  ) {
    this.gone = new LRUCache({ max: settings.limits.goneReplyQueues, ttl: GONE_FOR, ttlResolution: 1000 });
  }

  /**
   * Resolves when the broker has the reply, or with what tells of it later: its queue is away then, and it is tried again
   * until its caller gives up, or the window ends.
   * @throws ClientSendError at once when it cannot be written; MessageUndeliverable when it is not tried again,
   * MessageDeliveryFailure when the broker cannot be reached
   */
  send({ queue, reply: given, expires, lasting }: OutgoingReply): Promise<WaitingReply | undefined> {
    const uniqueId = newId();
    const body = encodeMessage(replyMessage(given, uniqueId), this.settings.limits);
    const reply = { queue, uniqueId, body };
    const until = Math.min(expires, performance.now() + this.settings.rabbit.missingReplyQueueTimeout);
    return this.publish(reply, until).then(
      () => {
        if (this.gone.size > 0) this.gone.delete(queue);
        return undefined;
      },
      (error: unknown) => {
        if (!(error instanceof MessageUndeliverable) || !lasting) throw error;
        return { delivered: this.postpone(reply, until) };
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

  private async postpone(reply: EncodedReply, until: number): Promise<void> {
    const { queue, body } = reply;
    this.assertWaiting(queue, until, body.length);
    this.messages++;
    this.bytes += body.length;
    try {
      await new Promise<void>((resolve, reject) => this.awayQueue(queue).add({ reply, until, resolve, reject }));
    } finally {
      this.messages--;
      this.bytes -= body.length;
    }
  }

  /** @throws MessageUndeliverable when there is no use in waiting, or no room */
  private assertWaiting(queue: string, until: number, size: number): void {
    const { counters, limits } = this.settings;
    if (this.closed || until <= performance.now() || this.gone.has(queue)) throw isGone(queue);
    if (this.messages < limits.waitingReplies && this.bytes + size <= limits.waitingReplyBytes) return;
    counters.count('overLimit');
    throw new MessageUndeliverable(
      `The reply queue ${queue} is away, and ${this.messages} replies of ${this.bytes} bytes wait for such queues already (limits.waitingReplies, limits.waitingReplyBytes)`,
    );
  }

  private awayQueue(name: string): AwayQueue {
    const known = this.away.get(name);
    if (known) return known;
    const away = new AwayQueue({
      attempt: (postponed) => this.attempt(postponed),
      end: (milliseconds) => this.end(name, milliseconds),
      tooLate: () => isGone(name),
    });
    this.away.set(name, away);
    return away;
  }

  private async attempt({ reply, until, resolve, reject }: Postponed): Promise<Attempt> {
    try {
      await this.publish(reply, until);
      resolve();
      return 'delivered';
    } catch (error) {
      if (error instanceof MessageUndeliverable && !this.closed) return 'away';
      reject(toError(error));
      return 'failed';
    }
  }

  private end(name: string, milliseconds: number): void {
    this.away.delete(name);
    if (milliseconds >= this.settings.rabbit.missingReplyQueueTimeout) this.gone.set(name, true);
  }
}

function isGone(queue: string): MessageUndeliverable {
  return new MessageUndeliverable(`The reply queue ${queue} is gone`);
}
