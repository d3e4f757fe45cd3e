import { LRUCache } from 'lru-cache';
import { type Backoff, backoffDelay } from '../../core/backoff.js';
import { counted } from '../../core/counted.js';
import type { Counters } from '../../core/counters.js';
import { toError } from '../../core/errors.js';
import { newId } from '../../core/id.js';
import { oneLine } from '../../core/logger.js';
import type { RpcRequest } from '../../core/rpc-message.js';
import type { Settings } from '../../core/settings.js';
import { TransientMap } from '../../core/transient-map.js';
import type { DriverContext } from '../driver-context.js';
import { DeadLetters, type PublishDeadLetter } from './dead-letters.js';
import type { Delivery } from './delivery.js';
import type { DuplicateWindow } from './duplicate-window.js';
import type { InboxRequest } from './inbox-request.js';
import { Pauses } from './pauses.js';
import type { RequestLog } from './request-log.js';

/** Publishes a copy of the message to its queue, with its number of returns in a header. Rejects when that fails. */
export type CountReturn = (delivery: Delivery, uniqueId: string | undefined) => Promise<void>;

/** Request in work, and the deliveries to settle with it. */
interface Work {
  readonly id: string;
  readonly deliveries: Delivery[];
  /** Number of times that it was returned to its queue. */
  readonly returns: number;
}

/** Delay before a request without an answer is requeued. */
const REQUEUE_BACKOFF: Backoff = { first: 100, growth: 'doubling', cap: 10_000 };

/** Requests that are delivered at least once: acknowledged after their reply, dead-lettered when redelivered too often. */
export class AtLeastOnce {
  private readonly pauses = new Pauses();
  private readonly deadLetters: DeadLetters;
  /** By id. A request that a lost channel delivers again while it is in work is run once only. */
  private readonly inWork = new TransientMap<string, Work>();
  /** Returns of requests that were requeued here, by id: some brokers do not count them. */
  private returned: LRUCache<string, number> | undefined;
  /** Requests waiting to deliver a reply, oldest first. They use no concurrency slot but count against the prefetch. */
  private readonly waiting = new Set<Work>();
  private readonly maxWaiting: number;
  private readonly settings: Settings;
  private readonly counters: Counters;

  constructor(
    context: DriverContext,
    concurrency: number,
    private readonly seen: DuplicateWindow,
    deadLetter: PublishDeadLetter,
    private readonly countReturn: CountReturn,
    private readonly log: RequestLog,
  ) {
    this.settings = context.settings;
    this.counters = context.counters;
    const { rabbit } = this.settings;
    this.deadLetters = new DeadLetters(context, 'request', deadLetter, this.pauses);
    this.maxWaiting = Math.floor(Math.min(concurrency, rabbit.prefetch || concurrency) / 2);
  }

  /**
   * Runs a request and acknowledges it after its reply. An unanswered request is requeued.
   * @param run dispatches the request
   * @returns the dispatched request; undefined when it was not run here
   */
  async process(
    request: RpcRequest,
    delivery: Delivery,
    run: () => Promise<InboxRequest>,
  ): Promise<InboxRequest | undefined> {
    const { uniqueId } = request;
    const id = uniqueId ?? newId();
    const isNew = !this.inWork.has(id);
    const returns = this.returnsOf(delivery, uniqueId);
    const isPoison = returns >= this.deadLetters.limitOf(delivery);
    if (isNew && !isPoison && delivery.uncounted && (await this.recount(delivery, request))) return undefined;
    const running = this.inWork.get(id);
    if (running) {
      this.counters.count('duplicates');
      running.deliveries.push(delivery);
      return undefined;
    }
    const work = { id, deliveries: [delivery], returns };
    this.inWork.set(id, work);
    if (isPoison) {
      await this.giveUp(work, delivery, request);
      return undefined;
    }
    try {
      const started = await run();
      if (started.waiting) this.settleAfter(started.waiting, work, started);
      else await this.settle(work, !started.isOwed);
      return started;
    } catch (error) {
      this.inWork.remove(id);
      throw error;
    }
  }

  /** Ends the delays before requeuing, now and from now on. */
  close(): void {
    this.pauses.close();
  }

  private returnsOf({ returns, redelivered }: Delivery, uniqueId: string | undefined): number {
    // A message that was moved back from the dead-letter queue is no redelivery, and counts from zero.
    const known = redelivered && uniqueId !== undefined ? this.returned?.get(uniqueId) : undefined;
    return Math.max(returns, known ?? 0);
  }

  /**
   * Classic queues do not count returns, and a count in this process would be lost with it. So a copy with the count in a
   * header is published to the queue before the original is acknowledged.
   */
  private async recount(delivery: Delivery, request: RpcRequest): Promise<boolean> {
    try {
      await this.countReturn(delivery, request.uniqueId);
    } catch (error) {
      const why = oneLine(toError(error).message);
      const text = `Could not count the return of a request to "${delivery.queue}": ${why}; running it uncounted`;
      this.log.write('warn', request, delivery, text);
      return false;
    }
    await delivery.acknowledge();
    return true;
  }

  /** Dead-letters a request that was redelivered too often: it may be crashing its servers. */
  private giveUp(work: Work, delivery: Delivery, request: RpcRequest): Promise<void> {
    const { returns } = work;
    return this.deadLetters.publish({
      delivery,
      reason: `returned ${counted(returns, 'time')} without an acknowledgement`,
      deliveries: returns + 1,
      subject: this.log.subjectOf(request, delivery),
      published: () => {
        // An operator who moves it back wants it processed.
        this.returned?.delete(work.id);
        for (const one of this.end(work)) void one.acknowledge();
      },
      abandoned: () => {
        for (const one of this.end(work)) one.release();
      },
    });
  }

  /**
   * Settles a request when its reply has been delivered. The prefetch bounds unacknowledged requests, and dead callers
   * may hold half of it only. Beyond that, the oldest request is acknowledged while its reply is still being sent.
   */
  private settleAfter(reply: Promise<void>, work: Work, request: InboxRequest): void {
    this.waiting.add(work);
    const [oldest = work] = this.waiting;
    if (this.waiting.size > this.maxWaiting) void this.settle(oldest, true);
    request.waiting = reply.then(() => this.settle(work, !request.isOwed));
  }

  private async settle(work: Work, done: boolean): Promise<void> {
    this.waiting.delete(work);
    if (this.inWork.get(work.id) !== work) return;
    if (!done) {
      this.postpone(work);
      return;
    }
    this.seen.add(work.id);
    this.returned?.delete(work.id);
    await Promise.all(this.end(work).map((one) => one.acknowledge()));
  }

  /** Requeues with a growing delay, so that a reply that cannot be sent is no hot loop. */
  private postpone(work: Work): void {
    const { duplicateWindow: max, duplicateTtl: ttl } = this.settings.limits;
    // Created on first use: it allocates room for all entries, which most servers never need.
    this.returned ??= new LRUCache({ max, ttl, ttlResolution: 1000 });
    this.returned.set(work.id, work.returns + 1);
    this.pauses.begin(backoffDelay(REQUEUE_BACKOFF, work.returns), () => {
      for (const one of this.end(work)) one.requeue();
    });
  }

  /** Returns the deliveries to settle, once: settling a message twice closes the channel. */
  private end({ id, deliveries }: Work): readonly Delivery[] {
    this.inWork.remove(id);
    return deliveries;
  }
}
